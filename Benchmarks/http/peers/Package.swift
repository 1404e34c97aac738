// swift-tools-version: 6.2
// The Swift servers that Shroff's is measured beside. A package of its own, so that neither the product nor the other
// benchmarks depend on them. What they bring with them is left to the resolver; run-http prints the versions it took.
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let package = Package(
    name: "peers",
    platforms: [.macOS(.v14)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    ],
    targets: [
        .target(name: "PeerSupport", swiftSettings: strict),
        .executableTarget(
            name: "NIOPeer",
            dependencies: [
                "PeerSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "HummingbirdPeer",
            dependencies: ["PeerSupport", .product(name: "Hummingbird", package: "hummingbird")],
            swiftSettings: strict),
    ]
)

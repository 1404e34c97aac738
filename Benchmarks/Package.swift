// swift-tools-version: 6.2
// What Shroff is measured with. A package of its own, so that the product depends on none of it: the peers' libraries are
// opened while it runs, and the product's own targets are built from its sources, by links.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .target(name: "Trees", swiftSettings: strict),
        .target(
            name: "Peers", cSettings: [.treatAllWarnings(as: .error)], linkerSettings: [.linkedLibrary("dl")]),
        .executableTarget(name: "BenchmarkTrees", dependencies: ["Trees", "Peers"], swiftSettings: strict),

        // Histories, the core, and the service's state written and read back.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .target(name: "Platform", dependencies: ["COpenSSL", "CZlib"], swiftSettings: strict),
        .target(name: "HTTP", dependencies: ["CLinux", "COpenSSL", "CZlib"], swiftSettings: strict),
        .target(name: "JSON", swiftSettings: strict),
        .target(name: "Expressions", swiftSettings: strict),
        .target(name: "Aggregates", swiftSettings: strict),
        .target(name: "DecisionLog", dependencies: ["Platform", "CLinux"], swiftSettings: strict),
        .target(
            name: "Scoring",
            dependencies: [
                "JSON", "Trees", "Expressions", "Aggregates", "Platform", .product(name: "Yams", package: "Yams"),
            ], swiftSettings: strict),
        .target(
            name: "Service",
            dependencies: [
                "Scoring", "DecisionLog", "HTTP", "JSON", "Platform",
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
            ], swiftSettings: strict),
        .target(name: "Simulation", dependencies: ["JSON"], swiftSettings: strict),
        .executableTarget(
            name: "BenchmarkAggregates", dependencies: ["Aggregates"], swiftSettings: strict,
            linkerSettings: [.linkedLibrary("m")]),
        .executableTarget(
            name: "BenchmarkCore", dependencies: ["Scoring", "Simulation", "JSON", "Platform"], swiftSettings: strict),
        .executableTarget(
            name: "BenchmarkRecovery", dependencies: ["Service", "Scoring", "DecisionLog", "Platform"],
            swiftSettings: strict),
    ]
)

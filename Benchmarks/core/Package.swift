// swift-tools-version: 6.2
// The core alone, built from the product's own sources by links: what one payment costs before sockets, and what the
// states of a million entities weigh.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "benchmark-core",
    dependencies: [.package(url: "https://github.com/jpsim/Yams", exact: "6.2.2")],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        target("Platform", ["COpenSSL", "CZlib"]),
        target("JSON"),
        target("Trees"),
        target("Expressions"),
        target("Aggregates"),
        target(
            "Scoring",
            ["JSON", "Trees", "Expressions", "Aggregates", "Platform", .product(name: "Yams", package: "Yams")]),
        target("Simulation", ["JSON"]),
        .executableTarget(
            name: "BenchmarkCore", dependencies: ["Scoring", "Simulation", "JSON", "Platform"], swiftSettings: strict),
    ]
)

// swift-tools-version: 6.2
// What Shroff is measured with. A package of its own, so that the product depends on none of it: the peers' libraries are
// opened while it runs, and Trees is built from the product's own sources, by a link.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "benchmarks",
    targets: [
        .target(name: "Trees", swiftSettings: strict),
        .target(
            name: "Peers", cSettings: [.treatAllWarnings(as: .error)], linkerSettings: [.linkedLibrary("dl")]),
        .executableTarget(name: "BenchmarkTrees", dependencies: ["Trees", "Peers"], swiftSettings: strict),
    ]
)

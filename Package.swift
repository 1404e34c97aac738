// swift-tools-version: 6.2
// The package is the architecture: leaves know nothing of each other, Scoring joins them, Service puts them on a
// socket, shroff is the command line. Tests/ArchitectureTests holds every import against this table.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: strict)
}

func testSupport(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/Support/" + name, swiftSettings: strict)
}

let package = Package(
    name: "shroff",
    products: [.executable(name: "shroff", targets: ["shroff"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // The system's own libraries, and their one safe face.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        target("Platform", ["COpenSSL", "CZlib"]),

        // Leaves.
        target("HTTP", ["CLinux", "COpenSSL", "CZlib"]),
        target("JSON"),
        target("Trees"),
        target("Expressions"),
        target("Aggregates"),
        target("DecisionLog", ["Platform", "CLinux"]),

        // The domain, and what is built of it.
        target(
            "Scoring",
            ["JSON", "Trees", "Expressions", "Aggregates", "Platform", .product(name: "Yams", package: "Yams")]),
        target("Learning", ["Scoring", "DecisionLog", "JSON", "Platform"]),
        target("Simulation", ["JSON"]),
        target(
            "Service",
            [
                "Scoring", "DecisionLog", "HTTP", "JSON", "Platform",
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
            ]),
        target("LoadGenerator", ["CLinux"]),
        .executableTarget(
            name: "shroff",
            dependencies: [
                "Platform", "HTTP", "JSON", "Trees", "Expressions", "Aggregates", "DecisionLog", "Scoring", "Learning",
                "Simulation", "Service", "LoadGenerator",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // What tests share: a malloc that counts, certificates, and patience.
        .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),
        testSupport("AllocationCounter", ["CAllocationCounter"]),
        testSupport("TestCertificates", ["COpenSSL"]),
        testSupport("Waiting"),

        tests("Platform", ["Platform"]),
        tests("HTTP", ["HTTP", "COpenSSL", "AllocationCounter", "TestCertificates", "Waiting"]),
        tests("JSON", ["JSON", "AllocationCounter"]),
        tests("Trees", ["Trees", "Platform", "AllocationCounter"]),
        tests("Expressions", ["Expressions", "AllocationCounter"]),
        tests("Aggregates", ["Aggregates", "AllocationCounter"]),
        tests("DecisionLog", ["DecisionLog", "Platform", "Waiting"]),
        tests("Scoring", ["Scoring", "JSON", "Trees", "Expressions", "Aggregates", "Platform", "AllocationCounter"]),
        tests("Learning", ["Learning", "Scoring", "JSON"]),
        tests("Simulation", ["Simulation", "Scoring", "JSON"]),
        tests("LoadGenerator", ["LoadGenerator"]),
        tests(
            "Service",
            [
                "Service", "Scoring", "DecisionLog", "Simulation", "HTTP", "JSON", "Platform", "TestCertificates",
                "Waiting",
            ]),
        tests("CommandLine", ["shroff", "Simulation", "Platform"]),
        tests("Architecture", []),
    ]
)

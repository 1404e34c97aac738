// One model: opens the engines that can take it, checks what they answer, and measures them in turns.

import Peers
import Trees

/// Shroff and the peers on one model.
struct Contest {
    private let fixture: Fixture
    private let effort: Effort
    private var engines: [any Engine] = []
    private var running: [Finding] = []
    private var absent: [Finding] = []
    /// Timed calls whose margin differed from the same engine's in the first pass.
    private(set) var unstableCalls = 0

    /// Shroff's first, then the peers' in their order, then those that could not take the model.
    var findings: [Finding] { running + absent }

    init(_ fixture: Fixture, libraries: [String: String], effort: Effort) {
        self.fixture = fixture
        self.effort = effort
        let start = monotonicSeconds()
        do throws(ModelError) {
            let model = try TreeModel(bytes: readFile(fixture.modelPath) ?? [])
            let engine = ShroffEngine(model: model, batchRows: effort.batchRows)
            engines.append(engine)
            running.append(Finding(name: engine.name, loadMilliseconds: (monotonicSeconds() - start) * 1e3))
        } catch {
            fail("\(fixture.name): \(error)")
        }
        for contender in Contender.all(for: fixture, libraries: libraries) {
            let start = monotonicSeconds()
            do throws(PeerProblem) {
                let engine = try PeerEngine(contender, fixture: fixture, batchRows: effort.batchRows)
                var finding = Finding(name: engine.name, loadMilliseconds: (monotonicSeconds() - start) * 1e3)
                finding.madeInSeconds = engine.seconds
                engines.append(engine)
                running.append(finding)
            } catch {
                absent.append(Finding(name: contender.name, problem: error.text))
            }
        }
    }

    /// Fills in the findings.
    ///
    /// - Returns: What explaining a row costs.
    mutating func run(ticksPerSecond: Double) -> [ExplanationFinding] {
        let measurement = Measurement(fixture: fixture, effort: effort, ticksPerSecond: ticksPerSecond)
        var margins: [[Double]] = []
        for (index, engine) in engines.enumerated() {
            note("\(fixture.name): \(engine.name), all \(fixture.rowCount) rows")
            let all = measurement.allMargins(engine)
            running[index].rowCount = all.count
            running[index].exactRows = zip(all, fixture.margins).count { $0.bitPattern == $1.bitPattern }
            running[index].checksum = all.reduce(0) { ($0 &* 31) &+ $1.bitPattern }
            margins.append(all)
        }
        var positions = Array(repeating: 0, count: engines.count)
        for round in 0..<effort.rounds {
            note("\(fixture.name): round \(round + 1) of \(effort.rounds)")
            for step in engines.indices {
                let index = (step + round) % engines.count  // nobody always goes first
                running[index].rounds.append(
                    measurement.round(engines[index], margins: margins[index], position: &positions[index]))
            }
        }
        unstableCalls = measurement.unstableCalls
        return explanations(measurement)
    }

    /// Shroff's exact values first, then the library's, then Shroff's path attribution; medians of three rounds.
    private func explanations(_ measurement: Measurement) -> [ExplanationFinding] {
        let path = "path"
        var rounds: [String: [Explanation]] = [:]
        for _ in 0..<3 {
            for engine in engines {
                if let found = measurement.explanation(of: engine, by: { engine.explain(into: &$0) }) {
                    rounds[engine.name, default: []].append(found)
                }
                guard let shroff = engine as? ShroffEngine else { continue }
                let found = measurement.explanation(of: shroff) { values in
                    shroff.attribute(into: &values)
                    return true
                }
                if let found { rounds[path, default: []].append(Explanation(microseconds: found.microseconds)) }
            }
        }
        let names = engines.map { ($0.name, "\($0.name), exact SHAP") } + [(path, "Shroff, path attribution")]
        return names.compactMap { key, name in
            rounds[key].map { found in
                ExplanationFinding(
                    name: name, microseconds: middle(found.map(\.microseconds)), distance: found.first?.distance)
            }
        }
    }
}

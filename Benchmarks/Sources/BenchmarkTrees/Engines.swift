// What is measured: Shroff's engine and the peers, behind one protocol, so that one loop times them all.

import Peers
import Trees

/// Something that scores rows. `take` is not timed, the others are.
protocol Engine: AnyObject {
    var name: String { get }
    /// Puts rows where the engine reads them, in its own type.
    func take(_ rows: UnsafePointer<Float>, count: Int)
    /// The raw margin of the one row taken.
    func margin() -> Double
    /// The raw margins of the rows taken.
    func margins(into margins: inout [Double])
    /// Exact SHAP values of the one row taken, one a column and the bias; false when the engine has none.
    func explain(into contributions: inout [Double]) -> Bool
}

/// Shroff's Trees, through its public interface.
final class ShroffEngine: Engine {
    let name: String
    let model: TreeModel
    private let scratch: TreeModel.Scratch
    private let rows: UnsafeMutableBufferPointer<Double>
    private var rowsTaken = 0

    init(model: TreeModel, batchRows: Int) {
        self.model = model
        name = "Shroff (\(model.summary.engine.rawValue))"
        scratch = model.makeScratch()
        rows = .allocate(capacity: batchRows * Fixture.columns)
        rows.initialize(repeating: 0)
    }

    deinit { rows.deallocate() }

    func take(_ rows: UnsafePointer<Float>, count: Int) {
        for cell in 0..<count * Fixture.columns { self.rows[cell] = Double(rows[cell]) }
        rowsTaken = count
    }

    func margin() -> Double {
        let row = rows.extracting(..<Fixture.columns)
        return model.margin(of: row.span, scratch: scratch)
    }

    func margins(into margins: inout [Double]) {
        let rows = rows.extracting(..<(rowsTaken * Fixture.columns))
        model.margins(of: rows.span, into: &margins, scratch: scratch)
    }

    func explain(into contributions: inout [Double]) -> Bool {
        guard model.canComputeShapleyValues else { return false }
        let row = rows.extracting(..<Fixture.columns)
        _ = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
        return true
    }

    /// The fast, inconsistent attribution of the one row taken.
    func attribute(into contributions: inout [Double]) {
        let row = rows.extracting(..<Fixture.columns)
        _ = model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
    }
}

/// A library behind the functions of Peers.
final class PeerEngine: Engine {
    let name: String
    /// How long its artefact took to make, when it needs one.
    let seconds: String?
    private let peer: OpaquePointer

    /// - Throws: `PeerProblem` when the library is absent or can't take the model.
    init(_ contender: Contender, fixture: Fixture, batchRows: Int) throws(PeerProblem) {
        name = contender.name
        seconds = contender.artefact.flatMap { firstLine(of: $0 + ".seconds") }
        if let artefact = contender.artefact, let failure = firstLine(of: artefact + ".failed") {
            throw PeerProblem(text: failure)
        }
        let capacity = 1024
        var text = [CChar](repeating: 0, count: capacity)
        guard
            let peer = peer_open(
                contender.kind, contender.library, contender.model, contender.companion, Fixture.columns, batchRows,
                &text, capacity)
        else { throw PeerProblem(text: String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)) }
        self.peer = peer
    }

    deinit { peer_close(peer) }

    func take(_ rows: UnsafePointer<Float>, count: Int) { peer_take(peer, rows, count) }
    func margin() -> Double { peer_margin(peer) }
    func margins(into margins: inout [Double]) { peer_margins(peer, &margins) }
    func explain(into contributions: inout [Double]) -> Bool { peer_explain(peer, &contributions) != 0 }
}

/// Why a peer is left out.
struct PeerProblem: Error {
    let text: String
}

// Which peers can take which model, and where their files are.

import Glibc
import Peers

/// A peer and the files it is opened with.
struct Contender {
    let name: String
    let kind: PeerKind
    let library: String
    let model: String
    var companion: String?
    /// The file that was made for it; beside it stand FILE.seconds and, when it could not be made, FILE.failed.
    var artefact: String?

    /// The peers of a model, the library that trained it first.
    ///
    /// - Parameter libraries: Paths of the peers' shared libraries by the peers' names.
    static func all(for fixture: Fixture, libraries: [String: String]) -> [Contender] {
        let library = { (name: String) in libraries[name] ?? "\(name) (its path is not in libraries.txt)" }
        let compiled = { (name: String, kind: PeerKind, suffix: String) in
            let path = fixture.artefact(suffix)
            return Contender(name: name, kind: kind, library: path, model: fixture.modelPath, artefact: path)
        }
        let onnx = Contender(
            name: "ONNX Runtime, C API", kind: PEER_ONNX_RUNTIME, library: library("onnxruntime"),
            model: fixture.artefact("onnx"), artefact: fixture.artefact("onnx"))
        let interpreter = Contender(
            name: "lignum, C API", kind: PEER_LIGNUM, library: library("lignum"), model: fixture.modelPath)
        var compiledLignum = Contender(
            name: "lignum, compiled", kind: PEER_LIGNUM_COMPILED, library: library("lignum"),
            model: fixture.modelPath, artefact: fixture.artefact("lignum.so"))
        compiledLignum.companion = compiledLignum.artefact
        switch fixture.library {
        case "xgboost":
            let own = ["xgboost", "newest-xgboost"].map { name in
                Contender(
                    name: "XGBoost \(name == "xgboost" ? "3.2" : "3.4"), C API in place", kind: PEER_XGBOOST,
                    library: library(name), model: fixture.modelPath)
            }
            return own + [
                interpreter, compiledLignum, onnx, compiled("TL2cgen, gcc -O3", PEER_TL2CGEN, "tl2cgen.so"),
            ]
        case "lightgbm":
            let own = Contender(
                name: "LightGBM, SingleRowFast", kind: PEER_LIGHTGBM, library: library("lightgbm"),
                model: fixture.modelPath)
            return [
                own, interpreter, compiledLignum, onnx, compiled("TL2cgen, gcc -O3", PEER_TL2CGEN, "tl2cgen.so"),
                compiled("lleaves, f64", PEER_LLEAVES, "lleaves.so"),
            ]
        default:
            return [
                compiled("CatBoost's C++ export, g++ -O3", PEER_CATBOOST_EXPORT, "catboost.so"), interpreter, onnx,
            ]
        }
    }
}

/// What prepare/ wrote of where the libraries are: a name, a space and a path on each line.
func readLibraries(folder: String) -> [String: String] {
    let text = String(decoding: readFile("\(folder)/libraries.txt") ?? [], as: UTF8.self)
    let pairs = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
    return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { $1 }
}

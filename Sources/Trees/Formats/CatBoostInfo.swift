// What a CatBoost model says of its training, `model_info`: the loss function, which decides how a margin is read, and
// what is only reported. The loss stands in `params`, or, where models were added up, in a text of its own, which the
// library asks first.

struct CatBoostInfo {
    private typealias Place = (name: String, path: String, offset: Int)

    /// "1.2.10"; empty when the file does not say.
    private(set) var version = ""
    private(set) var training: [TrainingFact] = []
    private var loss: Place?
    private var lossOfSum: Place?

    // MARK: Reading

    /// Reads `model_info`; null stands for none.
    mutating func read<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        guard try source.peek() != .null else { return try source.skipValue() }
        try object(&source) { (info, key, source) throws(ModelError) in
            switch key {
            case "params": try info.readParameters(from: &source)
            case "loss_function": try info.readLossText(from: &source)
            case "catboost_version_info": info.version = Self.version(in: try source.readString())
            case "train_finish_time":
                let time = try source.readString()
                try info.add(key, time, source)
            default: try source.skipValue()
            }
        }
    }

    private mutating func readParameters<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        try object(&source) { (info, key, source) throws(ModelError) in
            switch key {
            case "loss_function": info.loss = try info.readLoss(from: &source)
            case "boosting_options", "tree_learner_options": try info.readFacts(prefix: key + ".", from: &source)
            case "flat_params": try info.readFacts(prefix: "", from: &source)
            default: try source.skipValue()
            }
        }
    }

    /// `{ params, type }`.
    private mutating func readLoss<Source: DocumentSource>(from source: inout Source) throws(ModelError) -> Place {
        var place: Place?
        let (path, offset) = (source.path, source.offset)
        try object(&source) { (_, key, source) throws(ModelError) in
            guard key == "type" else { return try source.skipValue() }
            let start = source.offset
            place = (try source.readString(), source.path, start)
        }
        guard let place else { throw ModelError(.missing("type"), path: path, offset: offset) }
        return place
    }

    /// The same object as a text, a document of its own.
    private mutating func readLossText<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        let (path, offset) = (source.path, source.offset)
        let text = try source.readString()
        var inner = try JSONDocument(Array(text.utf8), limits: source.limits)
        do {
            let place = try readLoss(from: &inner)
            try inner.finish()
            lossOfSum = (place.name, path, offset)
        } catch {
            throw ModelError(.malformed("a text that is no loss function: \(error)"), path: path, offset: offset)
        }
    }

    private mutating func readFacts<Source: DocumentSource>(
        prefix: String, from source: inout Source
    ) throws(ModelError) {
        try object(&source) { (info, key, source) throws(ModelError) in
            switch try source.peek() {
            case .string, .number:
                let value = try source.readParameter()
                try info.add(prefix + key, value, source)
            case .bool:
                let value = try source.readBool()
                try info.add(prefix + key, value ? "true" : "false", source)
            case .object, .array, .null: try source.skipValue()
            }
        }
    }

    private mutating func add<Source: DocumentSource>(
        _ name: String, _ value: String, _ source: Source
    ) throws(ModelError) {
        let maximum = source.limits.trainingFacts
        guard training.count < maximum else { throw source.failure(.limit("parameters", maximum: maximum)) }
        training.append(TrainingFact(name: name, value: value))
    }

    /// Reads an object's members, none of which that matters may stand twice.
    private mutating func object<Source: DocumentSource>(
        _ source: inout Source, _ member: (inout Self, String, inout Source) throws(ModelError) -> Void
    ) throws(ModelError) {
        let unique: Set = ["params", "loss_function", "type", "catboost_version_info"]
        var seen: Set<String> = []
        try source.beginObject()
        while let key = try source.nextKey() {
            guard !unique.contains(key) || seen.insert(key).inserted else { throw source.failure(.duplicate(key)) }
            try member(&self, key, &source)
        }
    }

    /// The number behind "tags/v" or "release " in a text about the library's sources.
    private static func version(in text: String) -> String {
        for mark in ["tags/v", "release "] {
            guard let range = text.firstRange(of: mark) else { continue }
            let number = text[range.upperBound...].prefix { $0 == "." || $0.isASCII && $0.isNumber }
            if !number.isEmpty { return String(number) }
        }
        return ""
    }

    // MARK: Judging

    /// - Parameter end: Where `model_info` ends, for what is missing.
    func objective(end: Int) throws(ModelError) -> Objective {
        guard let place = lossOfSum ?? loss else {
            throw ModelError(.missing("loss_function"), path: "model_info.params", offset: end)
        }
        guard let objective = CatBoostObjective.named(place.name) else {
            let reason = ModelError.Reason.unsupported(
                "loss function \(place.name)", supported: CatBoostObjective.supported)
            throw ModelError(reason, path: place.path, offset: place.offset)
        }
        return objective
    }
}

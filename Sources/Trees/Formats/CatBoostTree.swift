// One tree of a CatBoost model, as read: its features may stand behind it in the document, so nodes are made when all is
// read. A symmetric tree has one split a level, and 2^levels leaves: split k is bit k of the leaf's number. Others are
// nested objects, { split, left, right } and { value, weight }.

/// One condition, as a tree names it: feature > border.
struct CatBoostSplit {
    var feature: Int32
    var border: Float
    var index: Int32
    /// Where it stands in the document.
    var offset: Int

    /// Reads a split that is an object.
    init<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        let (path, offset) = (source.path, source.offset)
        var feature: Int?
        var border: Double?
        var index: Int?
        var type: String?
        try source.beginObject()
        while let key = try source.nextKey() {
            let isTwice: Bool
            switch key {
            case "float_feature_index": isTwice = feature.replace(with: try source.readInteger())
            case "border": isTwice = border.replace(with: try source.readDouble())
            case "split_index": isTwice = index.replace(with: try source.readInteger())
            case "split_type":
                isTwice = type.replace(with: try source.readString())
                guard type == "FloatFeature" else {
                    throw source.failure(.unsupported("a split of type \(type ?? "")", supported: "FloatFeature"))
                }
            default:
                isTwice = false
                try source.skipValue()
            }
            if isTwice { throw source.failure(.duplicate(key)) }
        }
        func missing(_ key: String) -> ModelError { ModelError(.missing(key), path: path, offset: offset) }
        guard type != nil else { throw missing("split_type") }
        guard let feature else { throw missing("float_feature_index") }
        guard let border else { throw missing("border") }
        guard let index else { throw missing("split_index") }
        guard let feature = Int32(exactly: feature), let index = Int32(exactly: index), !border.isNaN else {
            throw ModelError(.malformed("no split of a feature"), path: path, offset: offset)
        }
        self.feature = feature
        // As the library does: the Double of the document, narrowed.
        self.border = Float(border)
        self.index = index
        self.offset = offset
    }
}

extension Optional {
    /// Whether there was a value before.
    fileprivate mutating func replace(with value: Wrapped) -> Bool {
        defer { self = value }
        return self != nil
    }
}

struct CatBoostTree {
    /// Where it stands in the document.
    let path: String
    let offset: Int
    private let isSymmetric: Bool
    private var splits: [CatBoostSplit] = []
    private var values: [Double] = []
    /// Of the leaves; empty when the document has none.
    private var weights: [Double] = []
    /// Of a tree that is not symmetric: the children of each split; below zero the complement of a leaf's number. The
    /// last split is the root.
    private var children: [(left: Int32, right: Int32)] = []

    /// Nodes that it has or becomes.
    var nodeCount: Int { values.count * 2 - 1 }

    // MARK: Symmetric

    /// Reads one element of `oblivious_trees`.
    init<Source: DocumentSource>(symmetric source: inout Source) throws(ModelError) {
        path = source.path
        offset = source.offset
        isSymmetric = true
        var seen: Set<String> = []
        let maximum = source.limits.nodesPerTree / 2 + 1
        try source.beginObject()
        while let key = try source.nextKey() {
            guard seen.insert(key).inserted else { throw source.failure(.duplicate(key)) }
            switch key {
            case "leaf_values": try source.readDoubles(into: &values, maximum: maximum, of: "leaves in a tree")
            case "leaf_weights": try source.readDoubles(into: &weights, maximum: maximum, of: "leaves in a tree")
            case "splits": try readSplits(from: &source)
            default: try source.skipValue()
            }
        }
        for key in ["leaf_values", "splits"] where !seen.contains(key) { throw failure(.missing(key)) }
        let leaves = 1 << splits.count
        guard values.count == leaves else {
            if values.count > leaves, values.count % leaves == 0 {
                throw failure(.unsupported("\(values.count / leaves) values a leaf", supported: "one output"))
            }
            throw failure(.length(values.count, expected: leaves), ".leaf_values")
        }
        guard weights.isEmpty || weights.count == leaves else {
            throw failure(.length(weights.count, expected: leaves), ".leaf_weights")
        }
    }

    /// Null stands for none.
    private mutating func readSplits<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        guard try source.peek() != .null else { return try source.skipValue() }
        try source.beginArray()
        while try source.nextElement() {
            // A level more than leaves can be written for.
            guard splits.count < 30 else { throw source.failure(.limit("levels of a symmetric tree", maximum: 30)) }
            splits.append(try CatBoostSplit(from: &source))
        }
    }

    // MARK: Nested

    /// Reads one element of `trees`.
    init<Source: DocumentSource>(nested source: inout Source) throws(ModelError) {
        path = source.path
        offset = source.offset
        isSymmetric = false
        _ = try readNode(from: &source)
        guard weights.isEmpty || weights.count == values.count else {
            throw failure(.length(weights.count, expected: values.count))
        }
    }

    /// Recursion goes no deeper than the source's nesting.
    ///
    /// - Returns: The number of a split, or below zero the complement of a leaf's.
    private mutating func readNode<Source: DocumentSource>(from source: inout Source) throws(ModelError) -> Int32 {
        let (path, offset) = (source.path, source.offset)
        var left: Int32?
        var right: Int32?
        var split: CatBoostSplit?
        var value: Double?
        var weight: Double?
        try source.beginObject()
        while let key = try source.nextKey() {
            let isTwice: Bool
            switch key {
            case "left": isTwice = left.replace(with: try readNode(from: &source))
            case "right": isTwice = right.replace(with: try readNode(from: &source))
            case "split": isTwice = split.replace(with: try CatBoostSplit(from: &source))
            case "value":
                guard try source.peek() != .array else {
                    throw source.failure(.unsupported("several values a leaf", supported: "one output"))
                }
                isTwice = value.replace(with: try source.readDouble())
            case "weight": isTwice = weight.replace(with: try source.readDouble())
            default:
                isTwice = false
                try source.skipValue()
            }
            if isTwice { throw source.failure(.duplicate(key)) }
        }
        func failure(_ reason: ModelError.Reason) -> ModelError { ModelError(reason, path: path, offset: offset) }
        let maximum = source.limits.nodesPerTree
        guard values.count + children.count < maximum else {
            throw failure(.limit("nodes in a tree", maximum: maximum))
        }
        if let value {
            guard left == nil, right == nil, split == nil else { throw failure(.malformed("a leaf with children")) }
            values.append(value)
            if let weight { weights.append(weight) }
            return ~Int32(values.count - 1)
        }
        guard let split else { throw failure(.missing("split")) }
        guard let left else { throw failure(.missing("left")) }
        guard let right else { throw failure(.missing("right")) }
        splits.append(split)
        children.append((left, right))
        return Int32(splits.count - 1)
    }

    // MARK: Nodes

    /// Adds the nodes to `builder`, or says what is wrong with them.
    func add(to builder: inout ForestBuilder, features: CatBoostFeatures) throws(ModelError) {
        for weight in weights where !(weight >= 0 && weight.isFinite) {
            throw failure(.outOfRange("a leaf of weight \(weight)", allowed: "0 or more"))
        }
        var nodes = try isSymmetric ? symmetricNodes(features) : nestedNodes(features)
        let base = Int32(builder.nodes.count)
        for index in nodes.indices where !nodes[index].isLeaf {
            nodes[index].left += base
            nodes[index].right += base
        }
        switch builder.append(tree: nodes) {
        case .sound: break
        case .reachedTwice(let node): throw failure(.reachedTwice(node: node))
        case .noValue: throw failure(.notANumber("the value of a leaf"))
        }
    }

    /// A perfect tree in rows: the last split is the root, and the nodes of a level all test the same. Children are 2n + 1
    /// and 2n + 2, so that leaves stand in the order of their numbers. The order of the levels changes no margin, but the
    /// Shapley values that covers give, and this is the library's.
    private func symmetricNodes(_ features: CatBoostFeatures) throws(ModelError) -> [ReferenceNode] {
        var nodes: [ReferenceNode] = []
        nodes.reserveCapacity(values.count * 2 - 1)
        for (level, number) in splits.indices.reversed().enumerated() {
            let node = try features.node(of: splits[number], path: "\(path).splits[\(number)]")
            for _ in 0..<1 << level {
                nodes.append(node)
                nodes[nodes.count - 1].left = Int32(nodes.count * 2 - 1)
                nodes[nodes.count - 1].right = Int32(nodes.count * 2)
            }
        }
        let firstLeaf = nodes.count
        var covers = [Double](repeating: 0, count: values.count * 2 - 1)
        for (leaf, value) in values.enumerated() {
            nodes.append(.leaf(value, cover: 0))
            covers[firstLeaf + leaf] = weights.isEmpty ? 0 : weights[leaf]
        }
        for index in (0..<firstLeaf).reversed() { covers[index] = covers[2 * index + 1] + covers[2 * index + 2] }
        for index in nodes.indices { nodes[index].cover = try cover(covers[index]) }
        return nodes
    }

    /// Splits from the root, which was read last, and then the leaves.
    private func nestedNodes(_ features: CatBoostFeatures) throws(ModelError) -> [ReferenceNode] {
        let count = splits.count
        func place(_ child: Int32) -> Int { child < 0 ? count + Int(~child) : count - 1 - Int(child) }
        var nodes: [ReferenceNode] = []
        nodes.reserveCapacity(values.count * 2 - 1)
        for number in splits.indices.reversed() {
            var node = try features.node(of: splits[number], path: path)
            node.left = Int32(place(children[number].left))
            node.right = Int32(place(children[number].right))
            nodes.append(node)
        }
        var covers = [Double](repeating: 0, count: values.count * 2 - 1)
        for (leaf, value) in values.enumerated() {
            nodes.append(.leaf(value, cover: 0))
            covers[count + leaf] = weights.isEmpty ? 0 : weights[leaf]
        }
        // Children were read before their parents.
        for index in (0..<count).reversed() {
            covers[index] = covers[Int(nodes[index].left)] + covers[Int(nodes[index].right)]
        }
        for index in nodes.indices { nodes[index].cover = try cover(covers[index]) }
        return nodes
    }

    private func cover(_ weight: Double) throws(ModelError) -> Float {
        guard Float(weight).isFinite else { throw failure(.notANumber("the weight of a tree")) }
        return Float(weight)
    }

    private func failure(_ reason: ModelError.Reason, _ member: String = "") -> ModelError {
        ModelError(reason, path: path + member, offset: offset)
    }
}

// One tree of a LightGBM model: a block of lines, arrays of one element a split or a leaf, up to a blank line. Splits are
// numbered from the root, 0; a child below zero is the leaf of its complement.

/// The lines of a tree, read into buffers that the next tree reuses.
struct LightGBMTree {
    /// The lines that are known; others are let go.
    enum Key: Int, CaseIterable {
        case leafCount, splitCategories, splitFeature, splitGain, threshold, decisionType, leftChild, rightChild
        case leafValue, leafWeight, leafCover, internalValue, internalWeight, internalCover
        case categoryBoundaries, categoryWords, isLinear, shrinkage

        var name: StaticString {
            switch self {
            case .leafCount: "num_leaves"
            case .splitCategories: "num_cat"
            case .splitFeature: "split_feature"
            case .splitGain: "split_gain"
            case .threshold: "threshold"
            case .decisionType: "decision_type"
            case .leftChild: "left_child"
            case .rightChild: "right_child"
            case .leafValue: "leaf_value"
            case .leafWeight: "leaf_weight"
            case .leafCover: "leaf_count"
            case .internalValue: "internal_value"
            case .internalWeight: "internal_weight"
            case .internalCover: "internal_count"
            case .categoryBoundaries: "cat_boundaries"
            case .categoryWords: "cat_threshold"
            case .isLinear: "is_linear"
            case .shrinkage: "shrinkage"
            }
        }
    }

    private var number = 0
    private var start = 0
    private var lines: [LightGBMText.Line?] = []
    private var columns: [Int32] = []
    private var thresholds: [Double] = []
    private var decisions: [UInt8] = []
    private var left: [Int32] = []
    private var right: [Int32] = []
    private var leaves: [Double] = []
    private var leafCovers: [Int32] = []
    private var covers: [Int32] = []
    private var boundaries: [UInt32] = []
    private var words: [UInt32] = []
    private var nodes: [ReferenceNode] = []

    private var path: String { "Tree=\(number)" }

    private func path(_ key: Key) -> String { Self.path(number, key) }

    private static func path(_ number: Int, _ key: Key) -> String { "Tree=\(number).\(key.name)" }

    // MARK: Reading

    /// Reads the lines of tree `number`, behind its first.
    mutating func read(_ number: Int, from text: inout LightGBMText) throws(ModelError) {
        self.number = number
        start = text.offset
        lines = Key.allCases.map { _ in nil }
        leafCovers.removeAll(keepingCapacity: true)
        while let line = text.next() {
            guard !line.isBlank else { return }
            guard !text.begins(line, with: "Tree="), !text.isWhole(line, "end of trees") else {
                throw ModelError(.malformed("a blank line ends a tree"), path: path, offset: line.start)
            }
            guard let key = Key.allCases.first(where: { text.hasKey(line, $0.name) }) else { continue }
            guard lines[key.rawValue] == nil else {
                throw ModelError(.duplicate("\(key.name)"), path: path, offset: line.start)
            }
            lines[key.rawValue] = line
            try read(key, line, text)
        }
        throw ModelError(.truncated, path: path, offset: text.offset)
    }

    private mutating func read(
        _ key: Key, _ line: LightGBMText.Line, _ text: LightGBMText
    ) throws(ModelError) {
        let maximum = text.limits.nodesPerTree
        let limit = "nodes in a tree"
        let number = number
        func path() -> String { Self.path(number, key) }
        switch key {
        case .splitFeature: try text.integers(line, into: &columns, maximum: maximum, of: limit, path: path())
        case .threshold: try text.doubles(line, into: &thresholds, maximum: maximum, of: limit, path: path())
        case .decisionType: try text.integers(line, into: &decisions, maximum: maximum, of: limit, path: path())
        case .leftChild: try text.integers(line, into: &left, maximum: maximum, of: limit, path: path())
        case .rightChild: try text.integers(line, into: &right, maximum: maximum, of: limit, path: path())
        case .leafValue: try text.doubles(line, into: &leaves, maximum: maximum, of: limit, path: path())
        case .leafCover: try text.integers(line, into: &leafCovers, maximum: maximum, of: limit, path: path())
        case .internalCover: try text.integers(line, into: &covers, maximum: maximum, of: limit, path: path())
        case .categoryBoundaries:
            try text.integers(line, into: &boundaries, maximum: maximum, of: limit, path: path())
        case .categoryWords:
            let maximum = text.limits.categoryWords
            try text.integers(line, into: &words, maximum: maximum, of: "words of category sets", path: path())
        default: break
        }
    }

    // MARK: Checking

    /// Adds the tree that was read to `builder`, or says what is wrong with it.
    mutating func add(to builder: inout ForestBuilder, from text: LightGBMText) throws(ModelError) {
        let splits = try checkShape(text)
        let limits = text.limits
        guard splits * 2 + 1 <= limits.nodesPerTree else {
            throw failure(.limit("nodes in a tree", maximum: limits.nodesPerTree), .leafCount, nil, text)
        }
        guard builder.nodes.count + splits * 2 + 1 <= limits.totalNodes else {
            throw failure(.limit("nodes in a model", maximum: limits.totalNodes), .leafCount, nil, text)
        }
        let firstSet = try addCategories(to: &builder.categories, text)
        let base = Int32(builder.nodes.count)
        nodes.removeAll(keepingCapacity: true)
        for split in 0..<splits {
            nodes.append(try node(split, splits: Int32(splits), base: base, firstSet: firstSet, text))
        }
        for (leaf, value) in leaves.enumerated() {
            nodes.append(.leaf(value, cover: leafCovers.isEmpty ? 0 : Float(leafCovers[leaf])))
        }
        switch builder.append(tree: nodes) {
        case .sound: break
        case .reachedTwice(let node): throw ModelError(.reachedTwice(node: node), path: path, offset: start)
        case .noValue(let leaf):
            throw failure(.notANumber("the value of a leaf"), .leafValue, leaf - splits, text)
        }
        let unreached = nodes.count - Int(builder.trees[builder.trees.count - 1].reached)
        guard unreached == 0 else {
            throw ModelError(.unreachable(nodes: unreached, deleted: 0), path: path, offset: start)
        }
    }

    /// Holds the lengths of all arrays against `num_leaves`.
    ///
    /// - Returns: How many splits there are.
    private func checkShape(_ text: LightGBMText) throws(ModelError) -> Int {
        let leafCount = try integer(.leafCount, text)
        guard leafCount >= 1, leafCount <= Int(Int32.max) else {
            throw failure(.outOfRange("\(leafCount)", allowed: "1 or more"), .leafCount, nil, text)
        }
        if line(.isLinear) != nil, try integer(.isLinear, text) != 0 {
            throw failure(
                .unsupported("a linear tree (linear_tree)", supported: "leaves of one value"), .isLinear, nil, text)
        }
        let splits = leafCount - 1
        try check(.leafValue, count: leafCount, text)
        for key in [Key.leafCover, .leafWeight] {
            // A tree of one leaf may leave these empty.
            let isOmitted = leafCount == 1 && line(key).map { count(of: key, $0, text) } ?? 0 == 0
            if !isOmitted { try check(key, count: leafCount, text) }
        }
        let arrays: [Key] = [
            .splitFeature, .splitGain, .threshold, .decisionType, .leftChild, .rightChild, .internalValue,
            .internalWeight, .internalCover,
        ]
        for key in arrays where splits > 0 || line(key) != nil { try check(key, count: splits, text) }
        let sets = try integer(.splitCategories, text)
        guard sets >= 0, sets <= splits else {
            throw failure(.outOfRange("\(sets)", allowed: "0 to \(splits)"), .splitCategories, nil, text)
        }
        if sets > 0 {
            try check(.categoryBoundaries, count: sets + 1, text)
            guard line(.categoryWords) != nil else { throw missing(.categoryWords) }
        }
        return splits
    }

    private func check(_ key: Key, count expected: Int, _ text: LightGBMText) throws(ModelError) {
        guard let line = line(key) else { throw missing(key) }
        let count = count(of: key, line, text)
        guard count == expected else { throw failure(.length(count, expected: expected), key, nil, text) }
    }

    /// How many numbers a line has; those that are not used are counted, not read.
    private func count(of key: Key, _ line: LightGBMText.Line, _ text: LightGBMText) -> Int {
        switch key {
        case .splitFeature: columns.count
        case .threshold: thresholds.count
        case .decisionType: decisions.count
        case .leftChild: left.count
        case .rightChild: right.count
        case .leafValue: leaves.count
        case .leafCover: leafCovers.count
        case .internalCover: covers.count
        case .categoryBoundaries: boundaries.count
        default: text.count(line)
        }
    }

    private func integer(_ key: Key, _ text: LightGBMText) throws(ModelError) -> Int {
        guard let line = line(key) else { throw missing(key) }
        return try text.integer(line, path: path(key))
    }

    private func node(
        _ split: Int, splits: Int32, base: Int32, firstSet: Int32, _ text: LightGBMText
    ) throws(ModelError) -> ReferenceNode {
        let decision = decisions[split]
        let isCategorical = decision & 1 == 1
        guard let missing = Self.missingRule(decision) else {
            throw failure(.outOfRange("decision \(decision)", allowed: "0 to 11"), .decisionType, split, text)
        }
        var children: (left: Int32, right: Int32) = (left[split], right[split])
        for (key, child) in [(Key.leftChild, children.left), (.rightChild, children.right)] {
            guard child < splits, child >= -splits - 1 else {
                let allowed = "\(-splits - 1) to \(splits - 1)"
                throw failure(.outOfRange("child \(child)", allowed: allowed), key, split, text)
            }
        }
        children.left = base + (children.left < 0 ? splits + ~children.left : children.left)
        children.right = base + (children.right < 0 ? splits + ~children.right : children.right)
        guard columns[split] >= 0 else {
            throw failure(.outOfRange("feature \(columns[split])", allowed: "0 or more"), .splitFeature, split, text)
        }
        let value = thresholds[split]
        guard !value.isNaN else {
            throw failure(.notANumber("the threshold of a split"), .threshold, split, text)
        }
        var set: Int32 = -1
        if isCategorical {
            let sets = Int32(boundaries.count - 1)
            guard firstSet >= 0, let number = Int32(exactly: value), number >= 0, number < sets else {
                let allowed = firstSet < 0 ? "none: num_cat is 0" : "0 to \(sets - 1)"
                throw failure(.outOfRange("category set \(value)", allowed: allowed), .threshold, split, text)
            }
            set = firstSet + number
        }
        return ReferenceNode(
            value: isCategorical ? 0 : value, left: children.left, right: children.right, column: columns[split],
            categorySet: set, cover: Float(covers[split]), missing: missing)
    }

    /// Bit 1: missing values go left. Bits 2 and 3: what is missing; 0 nothing (NaN is compared as 0), 1 zero and NaN,
    /// 2 NaN. In splits by category NaN goes right, whatever the bits say.
    private static func missingRule(_ decision: UInt8) -> MissingRule? {
        guard decision < 12 else { return nil }
        guard decision & 1 == 0 else { return .right }
        let isLeft = decision & 2 != 0
        switch decision >> 2 {
        case 0: return .zero
        case 1: return isLeft ? .zeroLeft : .zeroRight
        default: return isLeft ? .left : .right
        }
    }

    /// Adds the category sets of the tree.
    ///
    /// - Returns: The number of the first; -1 when there is none.
    private func addCategories(
        to sets: inout CategorySets, _ text: LightGBMText
    ) throws(ModelError) -> Int32 {
        guard try integer(.splitCategories, text) > 0 else { return -1 }
        let maximum = text.limits.categoryWords
        guard sets.words.count + words.count <= maximum else {
            throw failure(.limit("words of category sets", maximum: maximum), .categoryWords, nil, text)
        }
        var first: Int32 = -1
        var begin = 0
        for (entry, boundary) in boundaries.enumerated() {
            let end = Int(boundary)
            let isLast = entry == boundaries.count - 1
            guard entry > 0 || end == 0, end >= begin, end <= words.count, !isLast || end == words.count else {
                let allowed = entry == 0 ? "0" : isLast ? "\(words.count)" : "\(begin) to \(words.count)"
                throw failure(.outOfRange("\(end)", allowed: allowed), .categoryBoundaries, entry, text)
            }
            if entry > 0 {
                let set = sets.append(words: Array(words[begin..<end]))
                if first < 0 { first = set }
            }
            begin = end
        }
        return first
    }

    // MARK: Places

    private func line(_ key: Key) -> LightGBMText.Line? { lines[key.rawValue] }

    private func missing(_ key: Key) -> ModelError {
        ModelError(.missing("\(key.name)"), path: path, offset: start)
    }

    /// Where the column of a split stands.
    func place(ofColumn split: Int, in text: LightGBMText) -> (path: String, offset: Int) {
        let error = failure(.truncated, .splitFeature, split, text)
        return (error.path, error.offset)
    }

    private func failure(
        _ reason: ModelError.Reason, _ key: Key, _ element: Int?, _ text: LightGBMText
    ) -> ModelError {
        guard let line = line(key) else { return ModelError(reason, path: path(key), offset: start) }
        guard let element else { return ModelError(reason, path: path(key), offset: line.value) }
        return ModelError(
            reason, path: "\(path(key))[\(element)]", offset: text.offset(ofElement: element, in: line))
    }
}

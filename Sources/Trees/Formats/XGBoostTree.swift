// One tree of an XGBoost document: arrays of one element a node, checked against each other and turned into nodes.
// A leaf has no left child, and its value stands in split_conditions.

/// The columns of a tree, read into buffers that the next tree reuses.
struct XGBoostTree {
    enum Column: String, CaseIterable {
        case leftChildren = "left_children"
        case rightChildren = "right_children"
        case splitIndices = "split_indices"
        case splitConditions = "split_conditions"
        case defaultLeft = "default_left"
        case splitType = "split_type"
        case sumHessian = "sum_hessian"
        case baseWeights = "base_weights"
        case lossChanges = "loss_changes"
        case parents = "parents"
        case categories
        case categoriesNodes = "categories_nodes"
        case categoriesSegments = "categories_segments"
        case categoriesSizes = "categories_sizes"

        static let required: [Column] = [
            .leftChildren, .rightChildren, .splitIndices, .splitConditions, .defaultLeft, .sumHessian,
        ]
    }

    /// split_indices of a node that pruning took out.
    static let deletedMark: Int32 = 0x7FFF_FFFF

    private var left: [Int32] = []
    private var right: [Int32] = []
    private var columns: [Int32] = []
    private var values: [Float] = []
    private var defaultLeft: [Int32] = []
    private var splitType: [Int32] = []
    private var covers: [Float] = []
    private var categories: [Int32] = []
    private var categoryNodes: [Int32] = []
    private var categorySegments: [Int32] = []
    private var categorySizes: [Int32] = []

    private var starts: [Column: Int] = [:]
    private var counts: [Column: Int] = [:]
    private var declaredNodes: Int?
    private var deletedNodes = 0
    private var leafVectorSize = 1
    private(set) var id: Int?

    /// Reads one element of `trees`.
    mutating func read<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        starts.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        splitType.removeAll(keepingCapacity: true)
        categoryNodes.removeAll(keepingCapacity: true)
        declaredNodes = nil
        deletedNodes = 0
        leafVectorSize = 1
        id = nil
        try source.beginObject()
        while let key = try source.nextKey() {
            if let column = Column(rawValue: key) {
                guard starts[column] == nil else { throw source.failure(.duplicate(key)) }
                starts[column] = source.offset
                counts[column] = try read(column, from: &source)
            } else if key == "id" {
                guard id == nil else { throw source.failure(.duplicate(key)) }
                id = try source.readInteger()
            } else if key == "tree_param" {
                guard declaredNodes == nil else { throw source.failure(.duplicate(key)) }
                try readParameters(from: &source)
            } else {
                try source.skipValue()
            }
        }
    }

    private mutating func readParameters<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        try source.beginObject()
        while let key = try source.nextKey() {
            switch key {
            case "num_nodes": declaredNodes = try source.readIntegerParameter()
            case "num_deleted": deletedNodes = try source.readIntegerParameter()
            case "size_leaf_vector": leafVectorSize = try source.readIntegerParameter()
            default: try source.skipValue()
            }
        }
    }

    private mutating func read<Source: DocumentSource>(
        _ column: Column, from source: inout Source
    ) throws(ModelError) -> Int {
        func integers(_ values: inout [Int32]) throws(ModelError) -> Int {
            let maximum = source.limits.nodesPerTree
            try source.readIntegers(into: &values, maximum: maximum, of: "nodes in a tree")
            return values.count
        }
        func floats(_ values: inout [Float]) throws(ModelError) -> Int {
            let maximum = source.limits.nodesPerTree
            try source.readFloats(into: &values, maximum: maximum, of: "nodes in a tree")
            return values.count
        }
        switch column {
        case .leftChildren: return try integers(&left)
        case .rightChildren: return try integers(&right)
        case .splitIndices: return try integers(&columns)
        case .splitConditions: return try floats(&values)
        case .defaultLeft: return try integers(&defaultLeft)
        case .splitType: return try integers(&splitType)
        case .sumHessian: return try floats(&covers)
        case .baseWeights, .lossChanges, .parents: return try source.skipNumbers()
        case .categoriesNodes: return try integers(&categoryNodes)
        case .categoriesSegments: return try integers(&categorySegments)
        case .categoriesSizes: return try integers(&categorySizes)
        case .categories:
            let maximum = source.limits.categoriesPerTree
            try source.readIntegers(into: &categories, maximum: maximum, of: "categories in a tree")
            return categories.count
        }
    }

    // MARK: Checking

    /// Adds the tree that was read to `builder`, or says what is wrong with it.
    ///
    /// - Parameter source: Stands right behind the tree, so that its path is the tree's.
    mutating func add<Source: DocumentSource>(
        to builder: inout ForestBuilder, from source: Source
    ) throws(ModelError) {
        try checkShape(source)
        guard builder.nodes.count + left.count <= source.limits.totalNodes else {
            throw source.failure(.limit("nodes in a model", maximum: source.limits.totalNodes))
        }
        let sets = try categorySets(&builder.categories, source)
        let base = Int32(builder.nodes.count)
        var tree: [ReferenceNode] = []
        tree.reserveCapacity(left.count)
        for index in left.indices {
            tree.append(try node(index, base: base, categorySet: sets.isEmpty ? -1 : sets[index], source))
        }
        switch builder.append(tree: tree) {
        case .sound: break
        case .reachedTwice(let node): throw source.failure(.reachedTwice(node: node))
        case .noValue(let leaf):
            throw failure(.notANumber("the value of a leaf"), .splitConditions, leaf, source)
        }
        try checkUnreached(count: left.count - Int(builder.trees[builder.trees.count - 1].reached), source)
    }

    private func checkShape<Source: DocumentSource>(_ source: Source) throws(ModelError) {
        guard leafVectorSize <= 1 else {
            throw source.failure(
                .unsupported("multi_output_tree (size_leaf_vector \(leafVectorSize))", supported: "one output a tree"))
        }
        for column in Column.required where starts[column] == nil {
            throw source.failure(.missing(column.rawValue))
        }
        guard !left.isEmpty else { throw failure(.length(0, expected: 1), .leftChildren, nil, source) }
        let expected = declaredNodes ?? left.count
        for column in Column.allCases {
            guard let count = counts[column] else { continue }
            switch column {
            case .categories, .categoriesNodes: continue
            case .categoriesSegments, .categoriesSizes:
                guard count == categoryNodes.count else {
                    throw failure(.length(count, expected: categoryNodes.count), column, nil, source)
                }
            default:
                guard count == expected else {
                    throw failure(.length(count, expected: expected), column, nil, source)
                }
            }
        }
    }

    private func node<Source: DocumentSource>(
        _ index: Int, base: Int32, categorySet: Int32, _ source: Source
    ) throws(ModelError) -> ReferenceNode {
        var node = ReferenceNode.leaf(Double(values[index]), cover: covers[index])
        // What pruning left behind is never reached and may hold anything; were it reached, this value is refused.
        if columns[index] == Self.deletedMark {
            node.value = .nan
            return node
        }
        if left[index] == -1 {
            guard right[index] == -1 else {
                throw failure(.outOfRange("\(right[index])", allowed: "-1 in a leaf"), .rightChildren, index, source)
            }
            return node
        }
        for (column, child) in [(Column.leftChildren, left[index]), (.rightChildren, right[index])] {
            guard child > 0, child < left.count else {
                throw failure(
                    .outOfRange("child \(child)", allowed: "1 to \(left.count - 1)"), column, index, source)
            }
        }
        guard columns[index] >= 0 else {
            throw failure(.outOfRange("feature \(columns[index])", allowed: "0 or more"), .splitIndices, index, source)
        }
        guard defaultLeft[index] == 0 || defaultLeft[index] == 1 else {
            throw failure(.outOfRange("\(defaultLeft[index])", allowed: "0 or 1"), .defaultLeft, index, source)
        }
        let type = splitType.isEmpty ? 0 : splitType[index]
        guard type == 0 || type == 1 else {
            throw failure(.outOfRange("split type \(type)", allowed: "0 or 1"), .splitType, index, source)
        }
        guard type == 1 || !node.value.isNaN else {
            throw failure(.notANumber("the threshold of a split"), .splitConditions, index, source)
        }
        guard type == 0 || categorySet >= 0 else {
            throw failure(.missing("the node in categories_nodes"), .splitType, index, source)
        }
        node.left = base + left[index]
        node.right = base + right[index]
        node.column = columns[index]
        node.categorySet = type == 1 ? categorySet : -1
        node.missing = defaultLeft[index] == 1 ? .left : .right
        return node
    }

    /// Deleted nodes are marked, or at least counted; others that the root does not lead to are a broken tree.
    private func checkUnreached<Source: DocumentSource>(count: Int, _ source: Source) throws(ModelError) {
        guard count > 0 else { return }
        let marked = columns.count { $0 == Self.deletedMark }
        guard count <= max(marked, deletedNodes) else {
            throw source.failure(.unreachable(nodes: count, deleted: max(marked, deletedNodes)))
        }
    }

    /// Where an element of the tree that was read stands.
    func place<Source: DocumentSource>(
        of column: Column, _ element: Int, _ source: Source
    ) -> (path: String, offset: Int) {
        let error = failure(.truncated, column, element, source)
        return (error.path, error.offset)
    }

    private func failure<Source: DocumentSource>(
        _ reason: ModelError.Reason, _ column: Column, _ element: Int?, _ source: Source
    ) -> ModelError {
        let start = starts[column] ?? source.offset
        let path = "\(source.path).\(column.rawValue)"
        guard let element else { return ModelError(reason, path: path, offset: start) }
        return ModelError(
            reason, path: "\(path)[\(element)]", offset: source.offset(ofElement: element, inArrayAt: start))
    }

    // MARK: Categories

    /// Adds the category set of each node that lists one; gives each node's set, -1 for none. Empty when none has one.
    private func categorySets<Source: DocumentSource>(
        _ sets: inout CategorySets, _ source: Source
    ) throws(ModelError) -> [Int32] {
        guard !categoryNodes.isEmpty else { return [] }
        for column in [Column.categories, .categoriesSegments, .categoriesSizes] where starts[column] == nil {
            throw source.failure(.missing(column.rawValue))
        }
        var byNode = [Int32](repeating: -1, count: left.count)
        // Segments do not overlap, so that a list is read once, however many nodes there are.
        var listed = 0
        for (entry, node) in categoryNodes.enumerated() {
            guard node >= 0, node < left.count, byNode[Int(node)] == -1 else {
                let allowed = "each node once, below \(left.count)"
                throw failure(.outOfRange("node \(node)", allowed: allowed), .categoriesNodes, entry, source)
            }
            listed += Int(max(categorySizes[entry], 0))
            guard listed <= categories.count else {
                let allowed = "\(categories.count) categories in all"
                throw failure(.outOfRange("\(listed)", allowed: allowed), .categoriesSizes, entry, source)
            }
            byNode[Int(node)] = try categorySet(entry, &sets, source)
        }
        return byNode
    }

    private func categorySet<Source: DocumentSource>(
        _ entry: Int, _ sets: inout CategorySets, _ source: Source
    ) throws(ModelError) -> Int32 {
        let begin = Int(categorySegments[entry])
        let size = Int(categorySizes[entry])
        guard begin >= 0, begin <= categories.count else {
            let allowed = "0 to \(categories.count)"
            throw failure(.outOfRange("\(begin)", allowed: allowed), .categoriesSegments, entry, source)
        }
        guard size >= 0, size <= categories.count - begin else {
            let allowed = "0 to \(categories.count - begin)"
            throw failure(.outOfRange("\(size)", allowed: allowed), .categoriesSizes, entry, source)
        }
        var highest: Int32 = -1
        for index in begin..<begin + size {
            guard categories[index] >= 0, categories[index] < CategorySets.codeLimit else {
                let allowed = "0 to \(CategorySets.codeLimit - 1)"
                throw failure(.outOfRange("\(categories[index])", allowed: allowed), .categories, index, source)
            }
            highest = max(highest, categories[index])
        }
        let wordCount = Int(highest + 32) / 32
        guard sets.words.count + wordCount <= source.limits.categoryWords else {
            throw source.failure(.limit("words of category sets", maximum: source.limits.categoryWords))
        }
        var words = [UInt32](repeating: 0, count: wordCount)
        for code in categories[begin..<begin + size] { words[Int(code) / 32] |= 1 << UInt32(code % 32) }
        return sets.append(words: words)
    }
}

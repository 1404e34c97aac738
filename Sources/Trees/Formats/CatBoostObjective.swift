// CatBoost's loss functions that are scored, by the `type` of a model's `loss_function`.

enum CatBoostObjective {
    /// The library gives the probability of the margin.
    private static let classifiers = ["Logloss", "CrossEntropy", "Focal"]

    /// The library gives the margin: regressions that predict on its scale, and rankings.
    private static let identities = [
        "RMSE", "MAE", "Quantile", "GroupQuantile", "Expectile", "Lq", "Huber", "MAPE", "LogCosh", "QueryRMSE",
        "QuerySoftMax", "YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "LambdaMart",
        "StochasticFilter", "StochasticRank",
    ]

    static let supported = (classifiers + identities).joined(separator: ", ")

    /// nil for what is not scored.
    static func named(_ name: String) -> Objective? {
        if classifiers.contains(name) { return Objective(name: name, link: .logistic(slope: 1)) }
        return identities.contains(name) ? Objective(name: name, link: .identity) : nil
    }
}

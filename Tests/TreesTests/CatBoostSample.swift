// A small CatBoost model as JSON, written by hand: features that treat NaN differently, symmetric trees of three, two and
// no levels, and the same model's kind with nested trees. What the library answers to it stands in the tests.
import Trees

enum CatBoostSample {
    static let features = """
        {"float_features":[\
        {"borders":[-3.4028234663852886e+38,0.5],"feature_id":"amount","feature_index":0,"flat_feature_index":0,\
        "has_nans":true,"nan_value_treatment":"AsFalse"},\
        {"borders":[],"feature_id":"","feature_index":1,"flat_feature_index":1,"has_nans":false,\
        "nan_value_treatment":"AsIs"},\
        {"borders":[0.10000000149011612,2],"feature_id":"ratio","feature_index":2,"flat_feature_index":2,\
        "has_nans":true,"nan_value_treatment":"AsTrue"},\
        {"borders":[1],"feature_id":"count","feature_index":3,"flat_feature_index":3,"has_nans":false,\
        "nan_value_treatment":"AsTrue"}]}
        """

    static let info = """
        {"catboost_version_info":"Branch: tags/v1.2.10\\nSummary: release 1.2.10","model_guid":"1-2","params":\
        {"boosting_options":{"boost_from_average":false,"learning_rate":0.5,"od_config":{"type":"None"}},\
        "flat_params":{"depth":3,"loss_function":"Logloss"},\
        "loss_function":{"params":{},"type":"Logloss"},"tree_learner_options":{"grow_policy":"SymmetricTree"}},\
        "train_finish_time":"2026-01-02T03:04:05Z","training":"{}"}
        """

    static func split(_ feature: Int, _ border: String, _ index: Int) -> String {
        """
        {"border":\(border),"float_feature_index":\(feature),"split_index":\(index),"split_type":"FloatFeature"}
        """
    }

    static let symmetric = """
        [{"leaf_values":[0.1,-0.7,1e-05,0.3,0.5,-0.11,0.13,0.17],"leaf_weights":[1,2,3,4,5,6,7,8],\
        "splits":[\(split(0, "0.5", 1)),\(split(2, "2", 3)),\(split(3, "1", 4))]},\
        {"leaf_values":[0.01,0.02,0.03,0.04],"leaf_weights":[1,2,3,4],\
        "splits":[\(split(0, "-3.4028234663852886e+38", 0)),\(split(2, "0.10000000149011612", 2))]},\
        {"leaf_values":[0.25],"leaf_weights":[3],"splits":null}]
        """

    static let nested = """
        [{"left":{"value":0.1,"weight":3},"right":{"left":{"left":{"value":-0.7,"weight":1},\
        "right":{"value":1e-05,"weight":2},"split":\(split(3, "1", 4))},"right":{"value":0.3,"weight":4},\
        "split":\(split(0, "0.5", 1))},"split":\(split(2, "0.10000000149011612", 2))},{"value":0.25,"weight":10}]
        """

    static let text = """
        {"features_info":\(features),"model_info":\(info),"oblivious_trees":\(symmetric),"scale_and_bias":[0.3,[-1.7]]}
        """

    static let nestedText = """
        {"features_info":\(features),"model_info":\(info),"scale_and_bias":[1,[0]],"trees":\(nested)}
        """

    static func model(_ text: String = text, limits: ModelLimits = .standard) throws(ModelError) -> TreeModel {
        try TreeModel(bytes: Array(text.utf8), limits: limits)
    }
}

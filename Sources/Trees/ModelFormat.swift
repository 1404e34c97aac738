// Which format a file has is told by its first bytes, and a format that is not read is refused by its name.

func loadModel(
    _ bytes: [UInt8], limitToBestIteration: Bool, limits: ModelLimits
) throws(ModelError) -> LoadedModel {
    let supported = "XGBoost JSON"
    func refuse(_ name: String) -> ModelError {
        ModelError(.unsupported(name, supported: supported), path: "", offset: 0)
    }
    func begins(_ magic: StaticString) -> Bool {
        bytes.count >= magic.utf8CodeUnitCount
            && (0..<magic.utf8CodeUnitCount).allSatisfy { bytes[$0] == magic.utf8Start[$0] }
    }
    if begins("tree\n") || begins("tree\r\n") { throw refuse("LightGBM text") }
    if begins("binf") || begins("bs64") { throw refuse("XGBoost's old binary format") }
    if begins("CBM1") { throw refuse("CatBoost's binary format") }
    if bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B { throw refuse("a gzip file (decompress it first)") }
    if begins("{L") || begins("{i") || begins("{U") || begins("{#") || begins("{$") { throw refuse("UBJSON") }
    var loader = XGBoostLoader(try JSONDocument(bytes, limits: limits), limitToBestIteration: limitToBestIteration)
    return try loader.load()
}

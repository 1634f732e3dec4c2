/// The settings of one part of the platform, and the reading of their values: default, then environment, then flags.
package struct SettingsTable: Sendable {
    package let settings: [Setting]

    package init(_ settings: [Setting]) {
        precondition(Set(settings.map(\.key)).count == settings.count, "a setting is declared twice")
        self.settings = settings
    }

    /// Works the values out.
    ///
    /// - Parameters:
    ///   - environment: `SOMA_<KEY>` variables are looked at, others are not.
    ///   - flags: What the command line says, by key.
    /// - Returns: A value for every setting that has one.
    /// - Throws: `SettingsError` that lists everything that is wrong, unknown flags with the nearest known key.
    package func values(environment: [String: String], flags: [String: String] = [:]) throws(SettingsError)
        -> SettingsValues
    {
        var texts: [String: String] = [:]
        var faults: [String] = []
        for setting in settings {
            let written =
                flags[setting.key].map { (setting.key, $0) }
                ?? environment[setting.variable].map { (setting.variable, $0) }
            if let (name, text) = written, let fault = setting.fault(text) { faults.append("\(name) \(fault)") }
            texts[setting.key] = written?.1 ?? setting.defaultText
        }
        let known = Set(settings.map(\.key))
        for key in flags.keys.sorted() where !known.contains(key) {
            faults.append("\(key) is no setting" + NearestName.hint(key, among: known.sorted()))
        }
        guard faults.isEmpty else { throw SettingsError(faults: faults) }
        return SettingsValues(texts: texts)
    }
}

/// Values that were checked against their table.
package struct SettingsValues: Sendable {
    private let texts: [String: String]

    init(texts: [String: String]) { self.texts = texts }

    /// The text, or nil when it is set nowhere.
    package func text(_ key: String) -> String? { texts[key] }

    package func integer(_ key: String) -> Int64? { texts[key].flatMap { Int64($0) } }

    package func flag(_ key: String) -> Bool { texts[key].flatMap { Setting.flag($0) } ?? false }

    package func duration(_ key: String) -> Duration? { texts[key].flatMap { DurationText.parse($0) } }
}

/// Everything that is wrong with a set of settings.
package struct SettingsError: Error, CustomStringConvertible {
    package let faults: [String]

    package var description: String { faults.joined(separator: "; ") }
}

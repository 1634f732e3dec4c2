/// Which models there are, and who answers for each.
package struct ModelTable: Sendable {
    /// One model as clients see it.
    package struct Entry: Sendable, Equatable {
        /// The name in requests.
        package var name: String
        package var provider: String
        /// The name that the provider knows it by.
        package var providerModel: String
    }

    /// The provider behind a remote base URL.
    package static let remoteProvider = "openai-compatible"

    /// In the order to show them: local ones first.
    package let entries: [Entry]

    package init(_ settings: InferenceSettings) {
        var entries = [LocalProvider.alias, LocalProvider.fullModelName].map {
            Entry(name: $0, provider: LocalProvider.alias, providerModel: LocalProvider.fullModelName)
        }
        for model in settings.remote?.models ?? [] where !entries.contains(where: { $0.name == model.name }) {
            entries.append(
                Entry(name: model.name, provider: Self.remoteProvider, providerModel: model.providerModel)
            )
        }
        self.entries = entries
    }

    /// The names that requests may use; the gateway refuses others.
    package var names: [String] { entries.map(\.name) }

    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}

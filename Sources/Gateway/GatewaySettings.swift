package import HTTPServer

/// How the gateway behaves; the composition root fills it from its own settings.
package struct GatewaySettings: Sendable {
    package var server = ServerSettings()
    /// How long a turn may take, from the request to its last event.
    package var turnDeadlineMilliseconds: Int64 = 120_000
    /// A streamed turn that is silent for so long gets its head and role chunk, so that the client sees it live.
    ///
    /// Before that the answer can still be a plain 403 when the turn is denied.
    package var streamBeginMilliseconds: Int64 = 2_000
    /// Turns that wait for their answer at once; more are answered 429.
    package var turnsMax = 2_000
    /// Records accepted and not yet durable; more are answered 503.
    package var recordsInFlightMax = 50_000
    /// How long the log may take to make a record durable; then the answer is 503.
    package var acknowledgeMilliseconds = 10_000
    /// The greatest record, key and headers counted.
    package var recordBytesMax = 1 << 20
    package var batchEventsMax = 10_000
    /// Whether console, metrics and their read routes answer this machine's own loopback without a key.
    package var opensConsoleOnLoopback = false
    package var servesConsole = true

    package init() {}
}

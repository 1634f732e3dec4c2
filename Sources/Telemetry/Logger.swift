/// Writes structured log lines for one subject: `Logger("broker").info("listening", ["address": "127.0.0.1:9092"])`.
///
/// Below the sink's level a call costs one atomic load; message and fields are not evaluated. Never pass payloads or
/// secrets.
package struct Logger: Sendable {
    package let subject: String
    package let sink: LogSink

    package init(_ subject: String, sink: LogSink = .standard) {
        self.subject = subject
        self.sink = sink
    }

    package func debug(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        if sink.isOn(.debug) { sink.write(.debug, subject: subject, message: message(), fields: fields()) }
    }

    package func info(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        if sink.isOn(.info) { sink.write(.info, subject: subject, message: message(), fields: fields()) }
    }

    package func warning(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        if sink.isOn(.warning) { sink.write(.warning, subject: subject, message: message(), fields: fields()) }
    }

    package func error(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        if sink.isOn(.error) { sink.write(.error, subject: subject, message: message(), fields: fields()) }
    }
}

import Broker
import CLinux
import Glibc
import JSON
import Telemetry

/// `soma serve broker`: the embedded broker alone, in the foreground.
enum ServeBroker {
    static let usage =
        "usage: soma serve broker --data DIR [--listen HOST:PORT] [--add-scram USER]... [-X key=value]... [-o json] [-v]"

    /// Runs the broker until SIGTERM or SIGINT.
    ///
    /// - Returns: 0 after an orderly stop, 1 when it could not start, 2 when the arguments make no sense.
    static func run(arguments: [String]) -> Int32 {
        let options: Options
        let settings: BrokerSettings
        do {
            options = try Options(arguments)
            settings = try BrokerSettings(
                dataDirectory: options.data,
                listen: options.listen,
                options.settings
            )
        } catch {
            return complain("\(error)", status: 2)
        }
        LogSink.standard.configure(level: options.isVerbose ? .debug : .info, form: options.isJSON ? .json : .human)
        // Blocked before any thread exists, so that all threads inherit it and only `sigwait` below hears them.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        let broker = Broker(settings: settings, initialUsers: options.users)
        do {
            let address = try broker.start()
            announce(address, broker, isJSON: options.isJSON)
        } catch {
            return complain("\(error)", status: 1)
        }
        var received: Int32 = 0
        sigwait(&signals, &received)
        broker.stop()
        return 0
    }

    private static func announce(_ address: BrokerSettings.Address, _ broker: Broker, isJSON: Bool) {
        let settings = broker.settings
        let isDurable = settings.text("log.flush") == "always"
        if isJSON {
            var json = JSONWriter()
            json.beginObject()
            json.name("broker")
            json.string(address.description)
            json.name("listeners")
            json.beginObject()
            for listener in broker.listeners {
                json.name(listener.name)
                json.string(listener.address.description)
            }
            json.endObject()
            json.name("data")
            json.string(settings.dataDirectory)
            json.name("durable")
            json.bool(isDurable)
            json.name("pid")
            json.integer(Int64(getpid()))
            json.endObject()
            json.newline()
            write(json.bytes, to: 1)
        } else {
            let flush = isDurable ? "yes" : "no (log.flush=\(settings.text("log.flush")))"
            write(Array("broker \(address)  data \(settings.dataDirectory)  durable \(flush)\n".utf8), to: 1)
        }
    }

    private static func complain(_ message: String, status: Int32) -> Int32 {
        write(Array("soma serve broker: \(message)\n".utf8), to: 2)
        return status
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        // Nobody is there to be told when this fails.
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The words after `serve broker`.
    struct Options {
        var data = ""
        var listen = BrokerSettings.Address(port: 9092)
        var settings: [String: String] = [:]
        var users: [InitialUser] = []
        var isJSON = false
        var isVerbose = false

        struct Problem: Error, CustomStringConvertible {
            let description: String
        }

        init(_ arguments: [String]) throws(Problem) {
            var rest = arguments[...]
            while let word = rest.popFirst() {
                switch word {
                case "--data": data = try Self.value(of: word, &rest)
                case "--listen":
                    let text = try Self.value(of: word, &rest)
                    guard let address = BrokerSettings.Address(text) else {
                        throw Problem(
                            description: "--listen \(text): not an address and a port, like 127.0.0.1:9092"
                        )
                    }
                    listen = address
                case "--add-scram":
                    let text = try Self.value(of: word, &rest)
                    do throws(InitialUser.Problem) {
                        users.append(try InitialUser(text))
                    } catch {
                        // The text holds a password: only what is wrong is said.
                        throw Problem(description: "--add-scram: \(error)")
                    }
                case "-X":
                    let text = try Self.value(of: word, &rest)
                    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                        throw Problem(description: "-X \(text): not key=value")
                    }
                    settings[String(text[..<equals])] = String(text[text.index(after: equals)...])
                case "-o":
                    let text = try Self.value(of: word, &rest)
                    guard text == "json" || text == "text" else {
                        throw Problem(description: "-o \(text): neither text nor json")
                    }
                    isJSON = text == "json"
                case "-v": isVerbose = true
                default: throw Problem(description: "\(word): unknown option\n\(usage)")
                }
            }
            guard !data.isEmpty else { throw Problem(description: "--data DIR is missing\n\(usage)") }
        }

        private static func value(of option: String, _ rest: inout ArraySlice<String>) throws(Problem) -> String {
            guard let value = rest.popFirst() else { throw Problem(description: "\(option) needs a value") }
            return value
        }
    }
}

/// Decides which connections may be open: asked for each as it comes, told when it goes; from any thread.
package protocol ConnectionGate: Sendable {
    /// `address`: of the peer, without its port.
    func admit(_ address: String) -> Admission

    /// A connection that was admitted is gone.
    func release(_ address: String)
}

/// What becomes of a new connection.
package enum Admission: Sendable, Equatable {
    case admitted
    /// It is closed, after a time that keeps the peer from coming back at once.
    case refused(reason: String, afterMilliseconds: Int64)
}

import EventLoop
import KafkaProtocol

extension Exchange {
    /// Whether the client may do this; see `AccessTable` for what may be asked.
    ///
    /// From any thread; on the connection's own loop an answer is remembered.
    func authorize(_ operation: AccessOperation, _ type: ResourceType, _ name: String) -> Bool {
        guard let access = services.access else { return true }
        assert(AccessTable.contains(layout.key, type, operation), "\(layout.key): \(type) \(operation) is in no row")
        guard loop.isCurrent else { return access.allows(principal, session.host, operation, type, name) }
        return session.allows(access, principal, operation, type, name)
    }

    /// Whether the client may do this to the cluster.
    func authorizeCluster(_ operation: AccessOperation) -> Bool {
        authorize(operation, .cluster, ResourceType.clusterName)
    }

    /// Whether there is any resource of the type that the client may do this to.
    func authorizeAny(_ operation: AccessOperation, _ type: ResourceType) -> Bool {
        guard let access = services.access else { return true }
        assert(AccessTable.contains(layout.key, type, operation), "\(layout.key): \(type) \(operation) is in no row")
        return access.allowsAny(principal, session.host, operation, type)
    }

    /// The bit set of what the client may do to a resource (KIP-430); without access control, everything.
    func authorizedOperations(_ type: ResourceType, _ name: String) -> Int32 {
        var bits: Int32 = 0
        for operation in type.operations {
            let isAllowed = services.access?.allows(principal, session.host, operation, type, name) ?? true
            if isAllowed { bits |= 1 << Int32(operation.rawValue) }
        }
        return bits
    }
}

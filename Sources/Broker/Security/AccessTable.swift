package import KafkaProtocol

/// What each API asks before it does anything: a kind of resource and an operation on it.
///
/// Handlers ask with `Exchange.authorize`, which knows no question that is not here; a resource that may not be described
/// is answered as if nothing were known about it.
package enum AccessTable {
    package struct Row: Sendable {
        package let key: APIKey
        package let resource: ResourceType
        package let operation: AccessOperation
    }

    /// The APIs that everyone may call: they come before a client has a name, or tell nothing but how to reach us.
    package static let open: Set<APIKey> = [.apiVersions, .saslHandshake, .saslAuthenticate]

    package static let rows: [Row] = questions.flatMap { key, asked in
        asked.map { Row(key: key, resource: $0.0, operation: $0.1) }
    }

    private static let questions: [(APIKey, [(ResourceType, AccessOperation)])] = [
        (.produce, [(.topic, .write), (.transactionalID, .write)]),
        (.fetch, [(.topic, .read)]),
        (.listOffsets, [(.topic, .describe)]),
        // A topic that is missing is created for those who may create it.
        (.metadata, [(.topic, .describe), (.cluster, .create), (.topic, .create)]),
        (.offsetCommit, [(.group, .read), (.topic, .read)]),
        (.offsetFetch, [(.group, .describe), (.topic, .describe)]),
        (.findCoordinator, [(.group, .describe), (.transactionalID, .describe)]),
        (.joinGroup, [(.group, .read)]),
        (.heartbeat, [(.group, .read)]),
        (.leaveGroup, [(.group, .read)]),
        (.syncGroup, [(.group, .read)]),
        (.describeGroups, [(.group, .describe)]),
        (.consumerGroupHeartbeat, [(.group, .read), (.topic, .describe)]),
        (.consumerGroupDescribe, [(.group, .describe), (.topic, .describe)]),
        // Whoever may not describe the cluster sees the groups that they may describe.
        (.listGroups, [(.cluster, .describe), (.group, .describe)]),
        (.createTopics, [(.cluster, .create), (.topic, .create), (.topic, .describeConfigs)]),
        (.deleteTopics, [(.topic, .describe), (.topic, .delete)]),
        (.deleteRecords, [(.topic, .delete)]),
        // An idempotent producer needs a topic that it may write to, whichever (KIP-679).
        (.initProducerID, [(.transactionalID, .write), (.cluster, .idempotentWrite), (.topic, .write)]),
        (.addPartitionsToTxn, [(.transactionalID, .write), (.topic, .write)]),
        (.addOffsetsToTxn, [(.transactionalID, .write), (.group, .read)]),
        (.endTxn, [(.transactionalID, .write)]),
        (.writeTxnMarkers, [(.cluster, .clusterAction), (.cluster, .alter)]),
        (.txnOffsetCommit, [(.transactionalID, .write), (.group, .read), (.topic, .read)]),
        (.describeProducers, [(.topic, .read)]),
        (.describeTransactions, [(.transactionalID, .describe), (.topic, .describe)]),
        (.listTransactions, [(.transactionalID, .describe)]),
        (.offsetForLeaderEpoch, [(.topic, .describe)]),
        (.describeAcls, [(.cluster, .describe)]),
        (.createAcls, [(.cluster, .alter)]),
        (.deleteAcls, [(.cluster, .alter)]),
        (.describeConfigs, [(.topic, .describeConfigs), (.cluster, .describeConfigs), (.group, .describeConfigs)]),
        (.alterConfigs, [(.topic, .alterConfigs), (.cluster, .alterConfigs), (.group, .alterConfigs)]),
        (.createPartitions, [(.topic, .alter)]),
        (.deleteGroups, [(.group, .delete)]),
        (.incrementalAlterConfigs, [(.topic, .alterConfigs), (.cluster, .alterConfigs), (.group, .alterConfigs)]),
        (.offsetDelete, [(.group, .delete), (.topic, .read)]),
        (.alterReplicaLogDirs, [(.cluster, .alter)]),
        (.describeLogDirs, [(.cluster, .describe)]),
        (.electLeaders, [(.cluster, .alter)]),
        (.alterPartitionReassignments, [(.cluster, .alter)]),
        (.listPartitionReassignments, [(.cluster, .describe)]),
        (.describeClientQuotas, [(.cluster, .describeConfigs)]),
        (.alterClientQuotas, [(.cluster, .alterConfigs)]),
        (.updateFeatures, [(.cluster, .alter)]),
        (.describeUserScramCredentials, [(.cluster, .describe)]),
        (.alterUserScramCredentials, [(.cluster, .alter)]),
        (.listConfigResources, [(.cluster, .describeConfigs)]),
        (.describeTopicPartitions, [(.topic, .describe)]),
        // Asked for the answer's authorized operations only.
        (.describeCluster, [(.cluster, .describe)]),
    ]

    private static let known: Set<Int> = Set(rows.map { code($0.key, $0.resource, $0.operation) })

    static func contains(_ key: APIKey, _ resource: ResourceType, _ operation: AccessOperation) -> Bool {
        known.contains(code(key, resource, operation))
    }

    private static func code(_ key: APIKey, _ resource: ResourceType, _ operation: AccessOperation) -> Int {
        Int(key.rawValue) << 16 | Int(resource.rawValue) << 8 | Int(operation.rawValue)
    }
}

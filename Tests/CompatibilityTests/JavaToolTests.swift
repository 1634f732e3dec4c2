import Foundation
import TestSupport
import Testing

/// Apache Kafka's own console tools (`KAFKA_HOME`) against the embedded broker; each step is a Java process of a second.
@Suite struct JavaToolTests {
    struct Step: Sendable {
        let tool: String
        let arguments: String
        let expected: [String]
        var status: Int32 = 0

        init(_ tool: String, _ arguments: String, _ expected: String..., status: Int32 = 0) {
            self.tool = tool
            self.arguments = arguments
            self.expected = expected
            self.status = status
        }
    }

    struct Story: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [Step]
        var testDescription: String { name }
    }

    static let home = ProcessInfo.processInfo.environment["KAFKA_HOME"]

    static let stories: [Story] = [
        Story(
            name: "topics",
            steps: [
                Step(
                    "kafka-topics",
                    "--create --topic t --partitions 3 --replication-factor 1 --config retention.ms=60000",
                    "Created topic t."
                ),
                Step("kafka-topics", "--create --topic t", "Topic 't' already exists.", status: 1),
                Step("kafka-topics", "--alter --topic t --partitions 5"),
                Step(
                    "kafka-topics",
                    "--describe --topic t",
                    "PartitionCount: 5\tReplicationFactor: 1\tConfigs: retention.ms=60000",
                    "Topic: t\tPartition: 4\tLeader: 1\tReplicas: 1\tIsr: 1"
                ),
                Step("kafka-log-dirs", "--describe --topic-list t", "\"partition\":\"t-4\",\"size\":0"),
                Step("kafka-get-offsets", "--topic t", "t:0:0", "t:4:0"),
                Step(
                    "kafka-leader-election",
                    "--topic t --partition 0 --election-type preferred",
                    "Valid replica already elected for partitions t-0"
                ),
                Step("kafka-reassign-partitions", "--list", "No partition reassignments found."),
                Step("kafka-topics", "--delete --topic t"),
                Step("kafka-topics", "--describe --topic t", "Topic 't' does not exist as expected", status: 1),
            ]
        ),
        Story(
            name: "configs and quotas",
            steps: [
                Step("kafka-topics", "--create --topic t", "Created topic t."),
                Step(
                    "kafka-configs",
                    "--entity-type topics --entity-name t --alter --add-config cleanup.policy=[compact,delete],max.message.bytes=9999",
                    "Completed updating config for topic t."
                ),
                Step(
                    "kafka-configs",
                    "--entity-type topics --entity-name t --describe",
                    "cleanup.policy=compact,delete sensitive=false",
                    "DYNAMIC_TOPIC_CONFIG:max.message.bytes=9999, DEFAULT_CONFIG:message.max.bytes=1048588"
                ),
                Step(
                    "kafka-configs",
                    "--entity-type brokers --entity-default --alter --add-config log.retention.ms=123456",
                    "Completed updating default config for brokers in the cluster."
                ),
                Step(
                    "kafka-configs",
                    "--entity-type brokers --entity-name 1 --alter --add-config num.partitions=9",
                    "Cannot update these configs dynamically: [num.partitions]",
                    status: 1
                ),
                Step(
                    "kafka-configs",
                    "--entity-type users --entity-name alice --alter --add-config producer_byte_rate=1024",
                    "Completed updating config for user alice."
                ),
                Step(
                    "kafka-configs",
                    "--entity-type users --describe",
                    "Quota configs for user-principal 'alice' are producer_byte_rate=1024.0"
                ),
            ]
        ),
        Story(
            name: "access rules",
            steps: [
                Step(
                    "kafka-acls",
                    "--add --allow-principal User:bob --operation Read --operation Write --topic orders",
                    "Adding ACLs for resource"
                ),
                Step(
                    "kafka-acls",
                    "--list --topic orders",
                    "(principal=User:bob, host=*, operation=READ, permissionType=ALLOW)",
                    "(principal=User:bob, host=*, operation=WRITE, permissionType=ALLOW)"
                ),
                Step("kafka-acls", "--remove --force --allow-principal User:bob --operation Read --topic orders"),
            ]
        ),
        Story(
            name: "the cluster",
            steps: [
                Step("kafka-cluster cluster-id", "", "Cluster ID: "),
                Step("kafka-broker-api-versions", "", "Produce(0): 0 to ", "DescribeTopicPartitions(75): 0"),
            ]
        ),
    ]

    @Test(arguments: home == nil ? [] : stories)
    func `Kafka's tools print what they print with Apache Kafka`(story: Story) throws {
        let broker = try BrokerProcess([
            "num.partitions": "1", "authorizer.class.name": "standard", "super.users": "User:ANONYMOUS",
        ])
        for step in story.steps {
            let words = step.tool.split(separator: " ", maxSplits: 1)
            let result = try ChildProcess.run([
                "bash", "-c",
                "KAFKA_HEAP_OPTS=-Xmx128m exec timeout 60 '\(Self.home ?? "")/bin/\(words[0]).sh' "
                    + "\(words.dropFirst().joined()) --bootstrap-server \(broker.address) \(step.arguments) 2>&1",
            ])
            let command = "\(step.tool) \(step.arguments)"
            #expect(result.status == step.status, "\(command):\n\(result.output.suffix(2000))")
            for text in step.expected {
                #expect(result.output.contains(text), "\(command):\n\(result.output.suffix(2000))")
            }
        }
    }
}

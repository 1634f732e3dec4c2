import Bytes
import KafkaProtocol
import Testing

/// One row per API: its layout and functions that forget the types.
struct MessageRow: Sendable, CustomTestStringConvertible {
    let layout: MessageLayout
    /// The answer has a throttle time, and says so to whoever sets it.
    let tellsThrottle: Bool
    let decodeRequest: @Sendable (UnsafeRawBufferPointer, Int16) throws(ByteError) -> Void
    let roundTrip: @Sendable (Int16) throws(ByteError) -> Bool
    /// What is written again after a whole frame was read.
    let rewriteRequest: @Sendable (UnsafeRawBufferPointer, Int16) throws(ByteError) -> [UInt8]
    let rewriteResponse: @Sendable (UnsafeRawBufferPointer, Int16) throws(ByteError) -> [UInt8]

    var testDescription: String { layout.key.name }

    init<Request: KafkaRequest, Response: WireStruct>(_ request: Request.Type, _ response: Response.Type) {
        layout = Request.layout
        let hasField = Mirror(reflecting: Response()).children.contains { $0.label == "throttleTimeMilliseconds" }
        tellsThrottle = hasField == (Response() is any ThrottledAnswer)
        decodeRequest = { bytes, version throws(ByteError) in
            var reader = WireReader(ByteReader(bytes), isFlexible: Request.layout.isFlexible(version))
            _ = try Request(from: &reader, version: version)
        }
        roundTrip = { version throws(ByteError) in
            let request = try Self.same(Request.self, version, Request.layout)
            let response = try Self.same(Response.self, version, Request.layout)
            return request && response
        }
        rewriteRequest = { frame, version throws(ByteError) in
            var bytes = ByteReader(frame)
            let header = try RequestHeader(from: &bytes)
            var reader = WireReader(bytes, isFlexible: Request.layout.isFlexible(version))
            try reader.skipTaggedFields()
            var writer = WireWriter(isFlexible: Request.layout.isFlexible(version))
            header.write(to: &writer)
            return try Self.rewrite(Request.self, frame, &reader, &writer, version)
        }
        rewriteResponse = { frame, version throws(ByteError) in
            var reader = WireReader(ByteReader(frame), isFlexible: Request.layout.isFlexible(version))
            var writer = WireWriter(isFlexible: Request.layout.isFlexible(version))
            writer.int32(try reader.int32())
            if Request.layout.responseHeaderIsFlexible(version) {
                try reader.skipTaggedFields()
                writer.emptyTaggedFields()
            }
            return try Self.rewrite(Response.self, frame, &reader, &writer, version)
        }
    }

    private static func rewrite<Message: WireStruct>(
        _ type: Message.Type,
        _ frame: UnsafeRawBufferPointer,
        _ reader: inout WireReader,
        _ writer: inout WireWriter,
        _ version: Int16
    ) throws(ByteError) -> [UInt8] {
        try Message(from: &reader, version: version).write(to: &writer, version: version)
        guard reader.cursor.isAtEnd else { throw .truncated(needed: 0, available: reader.cursor.remaining) }
        var bytes = Array(writer.output.bytes)
        for splice in writer.splices.reversed() {
            bytes.insert(contentsOf: frame[splice.index..<(splice.index + splice.byteCount)], at: splice.position)
        }
        return bytes
    }

    /// Writes a default value, reads it, writes what was read: the bytes must be the same and all be taken.
    private static func same<Message: WireStruct>(
        _ type: Message.Type,
        _ version: Int16,
        _ layout: MessageLayout
    ) throws(ByteError) -> Bool {
        var first = WireWriter(isFlexible: layout.isFlexible(version))
        Message().write(to: &first, version: version)
        var reader = WireReader(ByteReader(first.output.bytes), isFlexible: layout.isFlexible(version))
        let message = try Message(from: &reader, version: version)
        var second = WireWriter(isFlexible: layout.isFlexible(version))
        message.write(to: &second, version: version)
        return reader.cursor.isAtEnd && Array(first.output.bytes) == Array(second.output.bytes)
    }

    static let all = [
        MessageRow(ProduceRequest.self, ProduceResponse.self), MessageRow(FetchRequest.self, FetchResponse.self),
        MessageRow(ListOffsetsRequest.self, ListOffsetsResponse.self),
        MessageRow(MetadataRequest.self, MetadataResponse.self),
        MessageRow(OffsetCommitRequest.self, OffsetCommitResponse.self),
        MessageRow(OffsetFetchRequest.self, OffsetFetchResponse.self),
        MessageRow(FindCoordinatorRequest.self, FindCoordinatorResponse.self),
        MessageRow(JoinGroupRequest.self, JoinGroupResponse.self),
        MessageRow(HeartbeatRequest.self, HeartbeatResponse.self),
        MessageRow(LeaveGroupRequest.self, LeaveGroupResponse.self),
        MessageRow(SyncGroupRequest.self, SyncGroupResponse.self),
        MessageRow(DescribeGroupsRequest.self, DescribeGroupsResponse.self),
        MessageRow(ListGroupsRequest.self, ListGroupsResponse.self),
        MessageRow(ApiVersionsRequest.self, ApiVersionsResponse.self),
        MessageRow(CreateTopicsRequest.self, CreateTopicsResponse.self),
        MessageRow(DeleteTopicsRequest.self, DeleteTopicsResponse.self),
        MessageRow(DeleteRecordsRequest.self, DeleteRecordsResponse.self),
        MessageRow(InitProducerIdRequest.self, InitProducerIdResponse.self),
        MessageRow(OffsetForLeaderEpochRequest.self, OffsetForLeaderEpochResponse.self),
        MessageRow(AddPartitionsToTxnRequest.self, AddPartitionsToTxnResponse.self),
        MessageRow(AddOffsetsToTxnRequest.self, AddOffsetsToTxnResponse.self),
        MessageRow(EndTxnRequest.self, EndTxnResponse.self),
        MessageRow(WriteTxnMarkersRequest.self, WriteTxnMarkersResponse.self),
        MessageRow(TxnOffsetCommitRequest.self, TxnOffsetCommitResponse.self),
        MessageRow(DescribeProducersRequest.self, DescribeProducersResponse.self),
        MessageRow(DescribeTransactionsRequest.self, DescribeTransactionsResponse.self),
        MessageRow(ListTransactionsRequest.self, ListTransactionsResponse.self),
        MessageRow(DescribeAclsRequest.self, DescribeAclsResponse.self),
        MessageRow(CreateAclsRequest.self, CreateAclsResponse.self),
        MessageRow(DeleteAclsRequest.self, DeleteAclsResponse.self),
        MessageRow(DescribeConfigsRequest.self, DescribeConfigsResponse.self),
        MessageRow(AlterConfigsRequest.self, AlterConfigsResponse.self),
        MessageRow(AlterReplicaLogDirsRequest.self, AlterReplicaLogDirsResponse.self),
        MessageRow(DescribeLogDirsRequest.self, DescribeLogDirsResponse.self),
        MessageRow(CreatePartitionsRequest.self, CreatePartitionsResponse.self),
        MessageRow(DeleteGroupsRequest.self, DeleteGroupsResponse.self),
        MessageRow(ElectLeadersRequest.self, ElectLeadersResponse.self),
        MessageRow(IncrementalAlterConfigsRequest.self, IncrementalAlterConfigsResponse.self),
        MessageRow(AlterPartitionReassignmentsRequest.self, AlterPartitionReassignmentsResponse.self),
        MessageRow(ListPartitionReassignmentsRequest.self, ListPartitionReassignmentsResponse.self),
        MessageRow(OffsetDeleteRequest.self, OffsetDeleteResponse.self),
        MessageRow(DescribeClientQuotasRequest.self, DescribeClientQuotasResponse.self),
        MessageRow(AlterClientQuotasRequest.self, AlterClientQuotasResponse.self),
        MessageRow(UpdateFeaturesRequest.self, UpdateFeaturesResponse.self),
        MessageRow(DescribeClusterRequest.self, DescribeClusterResponse.self),
        MessageRow(ListConfigResourcesRequest.self, ListConfigResourcesResponse.self),
        MessageRow(DescribeTopicPartitionsRequest.self, DescribeTopicPartitionsResponse.self),
        MessageRow(ConsumerGroupHeartbeatRequest.self, ConsumerGroupHeartbeatResponse.self),
        MessageRow(ConsumerGroupDescribeRequest.self, ConsumerGroupDescribeResponse.self),
        MessageRow(SaslHandshakeRequest.self, SaslHandshakeResponse.self),
        MessageRow(SaslAuthenticateRequest.self, SaslAuthenticateResponse.self),
        MessageRow(DescribeUserScramCredentialsRequest.self, DescribeUserScramCredentialsResponse.self),
        MessageRow(AlterUserScramCredentialsRequest.self, AlterUserScramCredentialsResponse.self),
    ]
}

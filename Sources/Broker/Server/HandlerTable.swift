import Bytes
import EventLoop
import KafkaProtocol

/// Every API that is served, by its key.
enum HandlerTable {
    /// What came in with a request besides its body.
    struct Arrival {
        let services: BrokerServices
        let session: KafkaSession
        let header: RequestHeader
        let frame: UnsafeRawBufferPointer
        let responder: Responder
        let receivedNanoseconds: Int64

        func exchange<Response: WireStruct>(_ layout: MessageLayout, _: Response.Type) -> Exchange<Response> {
            Exchange(
                services: services,
                session: session,
                principal: session.principal,
                header: header,
                layout: layout,
                receivedNanoseconds: receivedNanoseconds,
                requestByteCount: frame.count,
                responder: responder
            )
        }
    }

    struct Row: Sendable {
        let layout: MessageLayout
        let advertised: ClosedRange<Int16>
        /// Decodes the body and hands it over.
        let serve: @Sendable (inout WireReader, Arrival) throws(ConnectionFault) -> Void
    }

    /// What ApiVersions answers and dispatch uses.
    static let rows: [Row] = [
        row(ProduceHandler.self), row(FetchHandler.self), row(ListOffsetsHandler.self), row(MetadataHandler.self),
        row(OffsetCommitHandler.self), row(OffsetFetchHandler.self), row(FindCoordinatorHandler.self),
        row(JoinGroupHandler.self), row(HeartbeatHandler.self), row(LeaveGroupHandler.self),
        row(SyncGroupHandler.self), row(DescribeGroupsHandler.self), row(ListGroupsHandler.self),
        row(ApiVersionsHandler.self), row(CreateTopicsHandler.self), row(DeleteTopicsHandler.self),
        row(DeleteRecordsHandler.self), row(InitProducerIdHandler.self), row(OffsetForLeaderEpochHandler.self),
        row(DescribeAclsHandler.self), row(CreateAclsHandler.self), row(DeleteAclsHandler.self),
        row(AddPartitionsToTxnHandler.self),
        row(AddOffsetsToTxnHandler.self), row(EndTxnHandler.self), row(WriteTxnMarkersHandler.self),
        row(TxnOffsetCommitHandler.self), row(DescribeProducersHandler.self), row(DescribeTransactionsHandler.self),
        row(ListTransactionsHandler.self), row(DescribeConfigsHandler.self), row(AlterConfigsHandler.self),
        row(CreatePartitionsHandler.self),
        row(DeleteGroupsHandler.self), row(IncrementalAlterConfigsHandler.self), row(OffsetDeleteHandler.self),
        row(DescribeClientQuotasHandler.self), row(AlterClientQuotasHandler.self),
        row(DescribeClusterHandler.self), row(DescribeLogDirsHandler.self), row(AlterReplicaLogDirsHandler.self),
        row(ElectLeadersHandler.self), row(AlterPartitionReassignmentsHandler.self),
        row(ListPartitionReassignmentsHandler.self), row(UpdateFeaturesHandler.self),
        row(ListConfigResourcesHandler.self), row(DescribeTopicPartitionsHandler.self),
        row(ConsumerGroupHeartbeatHandler.self), row(ConsumerGroupDescribeHandler.self),
        row(SaslHandshakeHandler.self), row(SaslAuthenticateHandler.self),
        row(DescribeUserScramCredentialsHandler.self), row(AlterUserScramCredentialsHandler.self),
    ]

    static let byKey: [Int16: Row] = Dictionary(uniqueKeysWithValues: rows.map { ($0.layout.key.rawValue, $0) })

    private static func row<H: Handler>(_ handler: H.Type) -> Row {
        Row(layout: H.Request.layout, advertised: H.advertised) { reader, arrival throws(ConnectionFault) in
            let request = try decode(H.Request.self, &reader, arrival.header)
            try H.handle(request, arrival.exchange(H.Request.layout, H.Response.self))
        }
    }

    private static func row<H: FrameHandling>(_ handler: H.Type) -> Row {
        Row(layout: H.Request.layout, advertised: H.advertised) { reader, arrival throws(ConnectionFault) in
            let request = try decode(H.Request.self, &reader, arrival.header)
            try H.handle(request, frame: arrival.frame, arrival.exchange(H.Request.layout, H.Response.self))
        }
    }

    private static func decode<Request: KafkaRequest>(
        _ type: Request.Type,
        _ reader: inout WireReader,
        _ header: RequestHeader
    ) throws(ConnectionFault) -> Request {
        do throws(ByteError) {
            return try Request(from: &reader, version: header.version)
        } catch {
            throw ConnectionFault("\(Request.layout.key.name) request of version \(header.version): \(error)")
        }
    }
}

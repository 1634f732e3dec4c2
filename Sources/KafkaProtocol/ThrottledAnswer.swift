/// An answer that can tell the client for how long the broker takes no further request of it (KIP-13, KIP-219).
package protocol ThrottledAnswer: WireStruct {
    var throttleTimeMilliseconds: Int32 { get set }
}

extension AddOffsetsToTxnResponse: ThrottledAnswer {}
extension AddPartitionsToTxnResponse: ThrottledAnswer {}
extension AlterClientQuotasResponse: ThrottledAnswer {}
extension AlterConfigsResponse: ThrottledAnswer {}
extension AlterPartitionReassignmentsResponse: ThrottledAnswer {}
extension AlterReplicaLogDirsResponse: ThrottledAnswer {}
extension AlterUserScramCredentialsResponse: ThrottledAnswer {}
extension ApiVersionsResponse: ThrottledAnswer {}
extension ConsumerGroupDescribeResponse: ThrottledAnswer {}
extension ConsumerGroupHeartbeatResponse: ThrottledAnswer {}
extension CreateAclsResponse: ThrottledAnswer {}
extension CreatePartitionsResponse: ThrottledAnswer {}
extension CreateTopicsResponse: ThrottledAnswer {}
extension DeleteAclsResponse: ThrottledAnswer {}
extension DeleteGroupsResponse: ThrottledAnswer {}
extension DeleteRecordsResponse: ThrottledAnswer {}
extension DeleteTopicsResponse: ThrottledAnswer {}
extension DescribeAclsResponse: ThrottledAnswer {}
extension DescribeClientQuotasResponse: ThrottledAnswer {}
extension DescribeClusterResponse: ThrottledAnswer {}
extension DescribeConfigsResponse: ThrottledAnswer {}
extension DescribeGroupsResponse: ThrottledAnswer {}
extension DescribeLogDirsResponse: ThrottledAnswer {}
extension DescribeProducersResponse: ThrottledAnswer {}
extension DescribeTopicPartitionsResponse: ThrottledAnswer {}
extension DescribeTransactionsResponse: ThrottledAnswer {}
extension DescribeUserScramCredentialsResponse: ThrottledAnswer {}
extension ElectLeadersResponse: ThrottledAnswer {}
extension EndTxnResponse: ThrottledAnswer {}
extension FetchResponse: ThrottledAnswer {}
extension FindCoordinatorResponse: ThrottledAnswer {}
extension HeartbeatResponse: ThrottledAnswer {}
extension IncrementalAlterConfigsResponse: ThrottledAnswer {}
extension InitProducerIdResponse: ThrottledAnswer {}
extension JoinGroupResponse: ThrottledAnswer {}
extension LeaveGroupResponse: ThrottledAnswer {}
extension ListConfigResourcesResponse: ThrottledAnswer {}
extension ListGroupsResponse: ThrottledAnswer {}
extension ListOffsetsResponse: ThrottledAnswer {}
extension ListPartitionReassignmentsResponse: ThrottledAnswer {}
extension ListTransactionsResponse: ThrottledAnswer {}
extension MetadataResponse: ThrottledAnswer {}
extension OffsetCommitResponse: ThrottledAnswer {}
extension OffsetDeleteResponse: ThrottledAnswer {}
extension OffsetFetchResponse: ThrottledAnswer {}
extension OffsetForLeaderEpochResponse: ThrottledAnswer {}
extension ProduceResponse: ThrottledAnswer {}
extension SyncGroupResponse: ThrottledAnswer {}
extension TxnOffsetCommitResponse: ThrottledAnswer {}
extension UpdateFeaturesResponse: ThrottledAnswer {}

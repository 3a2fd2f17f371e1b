/** Every message clients may send, by key: the list that tests, fuzzers and ApiVersions walk. */
import { type Message, parseVersions, type VersionRange } from '../schema.ts'
import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './add-offsets-to-txn.ts'
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './add-partitions-to-txn.ts'
import { AddRaftVoterRequest, AddRaftVoterResponse } from './add-raft-voter.ts'
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from './alter-client-quotas.ts'
import { AlterConfigsRequest, AlterConfigsResponse } from './alter-configs.ts'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './alter-partition-reassignments.ts'
import {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from './alter-replica-log-dirs.ts'
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from './alter-share-group-offsets.ts'
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './alter-user-scram-credentials.ts'
import { ApiVersionsRequest, ApiVersionsResponse } from './api-versions.ts'
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from './consumer-group-describe.ts'
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './consumer-group-heartbeat.ts'
import { CreateAclsRequest, CreateAclsResponse } from './create-acls.ts'
import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from './create-delegation-token.ts'
import { CreatePartitionsRequest, CreatePartitionsResponse } from './create-partitions.ts'
import { CreateTopicsRequest, CreateTopicsResponse } from './create-topics.ts'
import { DeleteAclsRequest, DeleteAclsResponse } from './delete-acls.ts'
import { DeleteGroupsRequest, DeleteGroupsResponse } from './delete-groups.ts'
import { DeleteRecordsRequest, DeleteRecordsResponse } from './delete-records.ts'
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './delete-share-group-offsets.ts'
import {
  DeleteShareGroupStateRequest,
  DeleteShareGroupStateResponse,
} from './delete-share-group-state.ts'
import { DeleteTopicsRequest, DeleteTopicsResponse } from './delete-topics.ts'
import { DescribeAclsRequest, DescribeAclsResponse } from './describe-acls.ts'
import {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
} from './describe-client-quotas.ts'
import { DescribeClusterRequest, DescribeClusterResponse } from './describe-cluster.ts'
import { DescribeConfigsRequest, DescribeConfigsResponse } from './describe-configs.ts'
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './describe-delegation-token.ts'
import { DescribeGroupsRequest, DescribeGroupsResponse } from './describe-groups.ts'
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './describe-log-dirs.ts'
import { DescribeProducersRequest, DescribeProducersResponse } from './describe-producers.ts'
import { DescribeQuorumRequest, DescribeQuorumResponse } from './describe-quorum.ts'
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './describe-share-group-offsets.ts'
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './describe-topic-partitions.ts'
import {
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
} from './describe-transactions.ts'
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './describe-user-scram-credentials.ts'
import { ElectLeadersRequest, ElectLeadersResponse } from './elect-leaders.ts'
import { EndTxnRequest, EndTxnResponse } from './end-txn.ts'
import {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from './expire-delegation-token.ts'
import { FetchRequest, FetchResponse } from './fetch.ts'
import { FindCoordinatorRequest, FindCoordinatorResponse } from './find-coordinator.ts'
import {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './get-telemetry-subscriptions.ts'
import { HeartbeatRequest, HeartbeatResponse } from './heartbeat.ts'
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './incremental-alter-configs.ts'
import { InitProducerIdRequest, InitProducerIdResponse } from './init-producer-id.ts'
import {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './initialize-share-group-state.ts'
import { JoinGroupRequest, JoinGroupResponse } from './join-group.ts'
import { LeaveGroupRequest, LeaveGroupResponse } from './leave-group.ts'
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from './list-config-resources.ts'
import { ListGroupsRequest, ListGroupsResponse } from './list-groups.ts'
import { ListOffsetsRequest, ListOffsetsResponse } from './list-offsets.ts'
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './list-partition-reassignments.ts'
import { ListTransactionsRequest, ListTransactionsResponse } from './list-transactions.ts'
import { MetadataRequest, MetadataResponse } from './metadata.ts'
import { OffsetCommitRequest, OffsetCommitResponse } from './offset-commit.ts'
import { OffsetDeleteRequest, OffsetDeleteResponse } from './offset-delete.ts'
import { OffsetFetchRequest, OffsetFetchResponse } from './offset-fetch.ts'
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from './offset-for-leader-epoch.ts'
import { ProduceRequest, ProduceResponse } from './produce.ts'
import { PushTelemetryRequest, PushTelemetryResponse } from './push-telemetry.ts'
import {
  ReadShareGroupStateRequest,
  ReadShareGroupStateResponse,
} from './read-share-group-state.ts'
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './read-share-group-state-summary.ts'
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './remove-raft-voter.ts'
import {
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse,
} from './renew-delegation-token.ts'
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from './sasl-authenticate.ts'
import { SaslHandshakeRequest, SaslHandshakeResponse } from './sasl-handshake.ts'
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './share-acknowledge.ts'
import { ShareFetchRequest, ShareFetchResponse } from './share-fetch.ts'
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './share-group-describe.ts'
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './share-group-heartbeat.ts'
import {
  StreamsGroupDescribeRequest,
  StreamsGroupDescribeResponse,
} from './streams-group-describe.ts'
import {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponse,
} from './streams-group-heartbeat.ts'
import { SyncGroupRequest, SyncGroupResponse } from './sync-group.ts'
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './txn-offset-commit.ts'
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from './unregister-broker.ts'
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from './update-features.ts'
import {
  WriteShareGroupStateRequest,
  WriteShareGroupStateResponse,
} from './write-share-group-state.ts'
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './write-txn-markers.ts'

/** One API: its two messages, and the versions that ApiVersions lists of it. */
export interface ApiMessages {
  readonly request: Message
  readonly response: Message
  /** Null for the two that Kafka lists only where a telemetry receiver is configured. */
  readonly listed: VersionRange | null
}

/** By API key, ascending. */
export const messages: ReadonlyMap<number, ApiMessages> = new Map([
  // Listed from 0 although its first version is 3: librdkafka looks for it (KAFKA-18659).
  listed(ProduceRequest, ProduceResponse, '0-13'),
  listed(FetchRequest, FetchResponse, '4-18'),
  listed(ListOffsetsRequest, ListOffsetsResponse, '1-11'),
  listed(MetadataRequest, MetadataResponse, '0-13'),
  listed(OffsetCommitRequest, OffsetCommitResponse, '2-10'),
  listed(OffsetFetchRequest, OffsetFetchResponse, '1-10'),
  listed(FindCoordinatorRequest, FindCoordinatorResponse, '0-6'),
  listed(JoinGroupRequest, JoinGroupResponse, '0-9'),
  listed(HeartbeatRequest, HeartbeatResponse, '0-4'),
  listed(LeaveGroupRequest, LeaveGroupResponse, '0-5'),
  listed(SyncGroupRequest, SyncGroupResponse, '0-5'),
  listed(DescribeGroupsRequest, DescribeGroupsResponse, '0-6'),
  listed(ListGroupsRequest, ListGroupsResponse, '0-5'),
  listed(SaslHandshakeRequest, SaslHandshakeResponse, '0-1'),
  listed(ApiVersionsRequest, ApiVersionsResponse, '0-4'),
  listed(CreateTopicsRequest, CreateTopicsResponse, '2-7'),
  listed(DeleteTopicsRequest, DeleteTopicsResponse, '1-6'),
  listed(DeleteRecordsRequest, DeleteRecordsResponse, '0-2'),
  listed(InitProducerIdRequest, InitProducerIdResponse, '0-5'),
  listed(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, '2-4'),
  listed(AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, '0-5'),
  listed(AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, '0-4'),
  listed(EndTxnRequest, EndTxnResponse, '0-5'),
  listed(WriteTxnMarkersRequest, WriteTxnMarkersResponse, '1-2'),
  listed(TxnOffsetCommitRequest, TxnOffsetCommitResponse, '0-5'),
  listed(DescribeAclsRequest, DescribeAclsResponse, '1-3'),
  listed(CreateAclsRequest, CreateAclsResponse, '1-3'),
  listed(DeleteAclsRequest, DeleteAclsResponse, '1-3'),
  listed(DescribeConfigsRequest, DescribeConfigsResponse, '1-4'),
  listed(AlterConfigsRequest, AlterConfigsResponse, '0-2'),
  listed(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, '1-2'),
  listed(DescribeLogDirsRequest, DescribeLogDirsResponse, '1-5'),
  listed(SaslAuthenticateRequest, SaslAuthenticateResponse, '0-2'),
  listed(CreatePartitionsRequest, CreatePartitionsResponse, '0-3'),
  listed(CreateDelegationTokenRequest, CreateDelegationTokenResponse, '1-3'),
  listed(RenewDelegationTokenRequest, RenewDelegationTokenResponse, '1-2'),
  listed(ExpireDelegationTokenRequest, ExpireDelegationTokenResponse, '1-2'),
  listed(DescribeDelegationTokenRequest, DescribeDelegationTokenResponse, '1-3'),
  listed(DeleteGroupsRequest, DeleteGroupsResponse, '0-2'),
  listed(ElectLeadersRequest, ElectLeadersResponse, '0-2'),
  listed(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, '0-1'),
  listed(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, '0-1'),
  listed(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, '0'),
  listed(OffsetDeleteRequest, OffsetDeleteResponse, '0'),
  listed(DescribeClientQuotasRequest, DescribeClientQuotasResponse, '0-1'),
  listed(AlterClientQuotasRequest, AlterClientQuotasResponse, '0-1'),
  listed(DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, '0'),
  listed(AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, '0'),
  listed(DescribeQuorumRequest, DescribeQuorumResponse, '0-2'),
  listed(UpdateFeaturesRequest, UpdateFeaturesResponse, '0-2'),
  listed(DescribeClusterRequest, DescribeClusterResponse, '0-2'),
  listed(DescribeProducersRequest, DescribeProducersResponse, '0'),
  listed(UnregisterBrokerRequest, UnregisterBrokerResponse, '0'),
  listed(DescribeTransactionsRequest, DescribeTransactionsResponse, '0'),
  listed(ListTransactionsRequest, ListTransactionsResponse, '0-2'),
  listed(ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, '0-1'),
  listed(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, '0-1'),
  unlisted(GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse),
  unlisted(PushTelemetryRequest, PushTelemetryResponse),
  listed(ListConfigResourcesRequest, ListConfigResourcesResponse, '0-1'),
  listed(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, '0'),
  listed(ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, '1'),
  listed(ShareGroupDescribeRequest, ShareGroupDescribeResponse, '1'),
  listed(ShareFetchRequest, ShareFetchResponse, '1-2'),
  listed(ShareAcknowledgeRequest, ShareAcknowledgeResponse, '1-2'),
  listed(AddRaftVoterRequest, AddRaftVoterResponse, '0-1'),
  listed(RemoveRaftVoterRequest, RemoveRaftVoterResponse, '0'),
  listed(InitializeShareGroupStateRequest, InitializeShareGroupStateResponse, '0'),
  listed(ReadShareGroupStateRequest, ReadShareGroupStateResponse, '0'),
  listed(WriteShareGroupStateRequest, WriteShareGroupStateResponse, '0-1'),
  listed(DeleteShareGroupStateRequest, DeleteShareGroupStateResponse, '0'),
  listed(ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse, '0-1'),
  listed(StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, '0'),
  listed(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse, '0'),
  listed(DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse, '0-1'),
  listed(AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse, '0'),
  listed(DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse, '0'),
])

function listed(
  request: Message,
  response: Message,
  versions: string,
): readonly [number, ApiMessages] {
  return [request.key, { request, response, listed: parseVersions(versions) }]
}

function unlisted(request: Message, response: Message): readonly [number, ApiMessages] {
  return [request.key, { request, response, listed: null }]
}

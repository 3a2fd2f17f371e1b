/**
 * The requests this client makes, each with its answer and the highest version it uses. Topics are
 * named, not numbered by id, so that one shape serves brokers from Kafka 2.4 to the present: that
 * is what most of the limits are for.
 */

import * as apiVersions from '../protocol/messages/api-versions.ts'
import * as createPartitions from '../protocol/messages/create-partitions.ts'
import * as createTopics from '../protocol/messages/create-topics.ts'
import * as deleteGroups from '../protocol/messages/delete-groups.ts'
import * as deleteRecords from '../protocol/messages/delete-records.ts'
import * as deleteTopics from '../protocol/messages/delete-topics.ts'
import * as describeCluster from '../protocol/messages/describe-cluster.ts'
import * as describeConfigs from '../protocol/messages/describe-configs.ts'
import * as describeGroups from '../protocol/messages/describe-groups.ts'
import * as fetch from '../protocol/messages/fetch.ts'
import * as findCoordinator from '../protocol/messages/find-coordinator.ts'
import * as heartbeat from '../protocol/messages/heartbeat.ts'
import * as alterConfigs from '../protocol/messages/incremental-alter-configs.ts'
import * as initProducerId from '../protocol/messages/init-producer-id.ts'
import * as joinGroup from '../protocol/messages/join-group.ts'
import * as leaveGroup from '../protocol/messages/leave-group.ts'
import * as listGroups from '../protocol/messages/list-groups.ts'
import * as listOffsets from '../protocol/messages/list-offsets.ts'
import * as metadata from '../protocol/messages/metadata.ts'
import * as offsetCommit from '../protocol/messages/offset-commit.ts'
import * as offsetDelete from '../protocol/messages/offset-delete.ts'
import * as offsetFetch from '../protocol/messages/offset-fetch.ts'
import * as produce from '../protocol/messages/produce.ts'
import * as syncGroup from '../protocol/messages/sync-group.ts'
import * as describeConditions from '../protocol/private/describe-conditions.ts'
import type { Fields, Message } from '../protocol/schema.ts'

/** A request and its answer. */
export interface Api<Q extends Fields, R extends Fields> {
  readonly request: Message<Q>
  readonly response: Message<R>
  /** Inclusive. */
  readonly versionMin: number
  readonly versionMax: number
  /** Of Ottla's brokers alone, which do not list it: asked without looking for it in the list. */
  readonly isPrivate: boolean
}

function api<Q extends Fields, R extends Fields>(
  request: Message<Q>,
  response: Message<R>,
  limits: { min?: number; max?: number; isPrivate?: boolean } = {},
): Api<Q, R> {
  const versionMin = limits.min ?? request.versions.min
  const versionMax = limits.max ?? request.latestListed
  return { request, response, versionMin, versionMax, isPrivate: limits.isPrivate ?? false }
}

const a = api

export const API_VERSIONS = a(apiVersions.ApiVersionsRequest, apiVersions.ApiVersionsResponse)
export const METADATA = a(metadata.MetadataRequest, metadata.MetadataResponse, { min: 4, max: 12 })
export const PRODUCE = a(produce.ProduceRequest, produce.ProduceResponse, { max: 12 })
export const FETCH = a(fetch.FetchRequest, fetch.FetchResponse, { max: 12 })
export const LIST_OFFSETS = a(listOffsets.ListOffsetsRequest, listOffsets.ListOffsetsResponse)
export const INIT_PRODUCER_ID = a(
  initProducerId.InitProducerIdRequest,
  initProducerId.InitProducerIdResponse,
  { max: 4 },
)
export const FIND_COORDINATOR = a(
  findCoordinator.FindCoordinatorRequest,
  findCoordinator.FindCoordinatorResponse,
  { max: 3 },
)
export const JOIN_GROUP = a(joinGroup.JoinGroupRequest, joinGroup.JoinGroupResponse)
export const SYNC_GROUP = a(syncGroup.SyncGroupRequest, syncGroup.SyncGroupResponse)
export const HEARTBEAT = a(heartbeat.HeartbeatRequest, heartbeat.HeartbeatResponse)
export const LEAVE_GROUP = a(leaveGroup.LeaveGroupRequest, leaveGroup.LeaveGroupResponse, {
  min: 3,
})
export const OFFSET_COMMIT = a(
  offsetCommit.OffsetCommitRequest,
  offsetCommit.OffsetCommitResponse,
  { max: 9 },
)
export const OFFSET_FETCH = a(offsetFetch.OffsetFetchRequest, offsetFetch.OffsetFetchResponse, {
  min: 2,
  max: 7,
})
export const OFFSET_DELETE = a(offsetDelete.OffsetDeleteRequest, offsetDelete.OffsetDeleteResponse)
export const CREATE_TOPICS = a(createTopics.CreateTopicsRequest, createTopics.CreateTopicsResponse)
export const DELETE_TOPICS = a(
  deleteTopics.DeleteTopicsRequest,
  deleteTopics.DeleteTopicsResponse,
  { max: 5 },
)
export const CREATE_PARTITIONS = a(
  createPartitions.CreatePartitionsRequest,
  createPartitions.CreatePartitionsResponse,
)
export const DELETE_RECORDS = a(
  deleteRecords.DeleteRecordsRequest,
  deleteRecords.DeleteRecordsResponse,
)
export const DESCRIBE_CONFIGS = a(
  describeConfigs.DescribeConfigsRequest,
  describeConfigs.DescribeConfigsResponse,
)
export const ALTER_CONFIGS = a(
  alterConfigs.IncrementalAlterConfigsRequest,
  alterConfigs.IncrementalAlterConfigsResponse,
)
export const DESCRIBE_GROUPS = a(
  describeGroups.DescribeGroupsRequest,
  describeGroups.DescribeGroupsResponse,
)
export const LIST_GROUPS = a(listGroups.ListGroupsRequest, listGroups.ListGroupsResponse)
export const DELETE_GROUPS = a(deleteGroups.DeleteGroupsRequest, deleteGroups.DeleteGroupsResponse)
export const DESCRIBE_CLUSTER = a(
  describeCluster.DescribeClusterRequest,
  describeCluster.DescribeClusterResponse,
)
export const DESCRIBE_CONDITIONS = a(
  describeConditions.DescribeConditionsRequest,
  describeConditions.DescribeConditionsResponse,
  { isPrivate: true },
)

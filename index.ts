/**
 * The package: a broker to start inside a test, and a client for any Kafka cluster.
 *
 *     import { Broker, Client } from 'ottla'
 */
export {
  Broker,
  type BrokerClock,
  type BrokerDisk,
  type BrokerOptions,
  type TopicOptions,
} from './broker/in-process.ts'
export {
  type Authorizer,
  allowAll,
  CLUSTER_NAME,
  denyAll,
  denying,
  Operation,
  ResourceType,
} from './broker/security/authorizer.ts'
export type { Principal } from './broker/security/principal.ts'
export { StartFailure } from './broker/start-failure.ts'
export type {
  ApiName,
  ErrorName,
  RequestFault,
  RequestFaultBuilder,
} from './broker/testing/request-fault.ts'
export type {
  GroupWatch,
  StoredRecord,
  TopicWatch,
  WaitOptions,
} from './broker/testing/watchers.ts'
export * from './client/index.ts'
export { DiskError } from './host/disk-error.ts'
export type { Logger } from './host/host.ts'

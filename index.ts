/**
 * The package: a broker to start inside a test, and a client for any Kafka cluster.
 *
 *     import { Broker, Client } from 'ottla'
 */
export type { Authorizer, Operation, ResourceType } from './broker/security/authorizer.ts'

import type { Frame, Host } from '../host/host.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { Controller } from './cluster/controller-runtime.ts'
import type { ProducerIds } from './cluster/producer-ids.ts'
import type { Conditions } from './conditions.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import type { GroupCoordinators } from './coordinator/group-coordinators.ts'
import type { ClusterImage } from './image/image.ts'
import type { FetchSessions } from './partition/fetch-session.ts'
import type { Partitions } from './partition/partitions.ts'
import type { Authorizer } from './security/authorizer.ts'
import type { Principal } from './security/principal.ts'

/**
 * What a request handler may reach: the parts of one running broker, wired by `broker.ts`.
 * Handlers go through this and never import the parts' modules but for their types.
 */
export interface BrokerServices {
  readonly host: Host
  readonly config: BrokerConfig
  /** This broker's id, one of `image().brokers`. */
  readonly nodeId: number
  /** The cluster's metadata as of now. Immutable: hold it for one decision, then ask again. */
  image(): ClusterImage
  readonly controller: Controller
  readonly partitions: Partitions
  readonly groups: GroupCoordinators
  readonly authorizer: Authorizer
  readonly fetchSessions: FetchSessions
  readonly producerIds: ProducerIds
  /** The data folder, for what describes it (DescribeLogDirs). */
  readonly logDirectory: LogDirectory
  /** What is wrong with this broker now. */
  readonly conditions: Conditions
}

/** What a handler may know of the connection a request came by. */
export interface ClientConnection {
  /** Unique in this host, ascending. */
  readonly id: number
  readonly remoteAddress: string
  /** The address and port the client reached us at; advertised when no other is configured. */
  readonly localAddress: string
  readonly localPort: number
  readonly listenerName: string
  /** KIP-511: what the client said in ApiVersions 3+, or null. */
  clientSoftware: ClientSoftware | null
}

/** KIP-511: a client's library. Both match `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`. */
export interface ClientSoftware {
  readonly name: string
  readonly version: string
}

/** One request's surroundings. Valid until its reply. */
export interface RequestContext {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** '' when the client sent null. */
  readonly clientId: string
  readonly principal: Principal
  readonly connection: ClientConnection
  /** Wall clock as of the turn of the loop in which the request arrived, ms since 1970. */
  readonly nowMs: number
  readonly broker: BrokerServices
  /**
   * The frame the request was decoded from. Hot handlers only: their byte fields are views of it,
   * valid until the ordered phase ends unless retained. Null for all other handlers, whose bytes
   * are the request's own and may be kept.
   */
  readonly frame: Frame | null
}

import type { CallId } from '../machine.ts'

/** A protocol a member speaks: an assignor's name and the subscription written for it. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

/** A member of a classic group. A value: a change makes another one. */
export interface Member {
  readonly id: string
  /** Set for a static member (KIP-345). */
  readonly instanceId: string | null
  readonly clientId: string
  /** As Kafka writes it: a slash and the address. */
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** In the member's order of preference. */
  readonly protocols: readonly MemberProtocol[]
  /** Its part of the current generation, opaque to the broker; empty before the first one. */
  readonly assignment: Buffer
  /** Until its first join completes: such a member is expired even while parked. */
  readonly isNew: boolean
  /** Its parked JoinGroup. */
  readonly joinCall: CallId | null
  /** Its parked SyncGroup. */
  readonly syncCall: CallId | null
}

/** Equal lists, so that a member that rejoins with them needs no rebalance. */
export function sameProtocols(
  source: readonly MemberProtocol[],
  target: readonly MemberProtocol[],
): boolean {
  return (
    source.length === target.length &&
    source.every((protocol, at) => {
      const other = target[at]!
      return protocol.name === other.name && protocol.metadata.equals(other.metadata)
    })
  )
}

/** What the member wrote for a protocol; empty if it does not speak it. */
export function metadataFor(member: Member, protocol: string | null): Buffer {
  return member.protocols.find(p => p.name === protocol)?.metadata ?? NO_BYTES
}

/** Stands for "no assignment" and "no metadata". */
export const NO_BYTES: Buffer = Buffer.alloc(0)

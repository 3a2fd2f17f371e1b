/**
 * What stands before every body.
 *
 *     request  v1  apiKey int16 · apiVersion int16 · correlationId int32 · clientId int16 + bytes
 *     request  v2  the same, then tagged fields: for flexible versions (KIP-482)
 *     response v0  correlationId int32
 *     response v1  the same, then tagged fields: for flexible versions
 *
 * Two exceptions. The client id keeps its fixed encoding in v2. The response to ApiVersions has
 * header v0 in every version, so that a client can read the refusal of a version it guessed
 * (KIP-511).
 */
import { ApiKey, apiName } from './api-keys.ts'
import { ProtocolViolation } from './errors.ts'
import { messages } from './messages/index.ts'
import { type PrivateMessages, privateMessages } from './private/private-messages.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** Kafka's APIs by key: looked up for every request and response. */
const apis: readonly (PrivateMessages | undefined)[] = byKey(messages)

function byKey(all: ReadonlyMap<number, PrivateMessages>): (PrivateMessages | undefined)[] {
  const list: (PrivateMessages | undefined)[] = []
  for (const [key, api] of all) list[key] = api
  return list
}

function messagesOf(apiKey: number): PrivateMessages | undefined {
  return apis[apiKey] ?? privateMessages.get(apiKey)
}

/**
 * Reads a request's header and leaves the reader at the body. Throws ProtocolViolation for a key
 * or version that is not spoken, as Kafka closes the connection then. Not so for ApiVersions: any
 * version of it passes, to be refused in a way the client understands (`isSpoken` tells).
 */
export function decodeRequestHeader(reader: WireReader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  if (apiKey !== ApiKey.API_VERSIONS && !isSpoken(apiKey, apiVersion)) {
    throw new ProtocolViolation(`${apiName(apiKey)} version ${apiVersion} is not spoken here`)
  }
  const idBytes = reader.stringLength()
  const clientId = idBytes < 0 ? null : reader.text(idBytes)
  if (hasTags(apiKey, apiVersion)) reader.skipTaggedFields()
  return { apiKey, apiVersion, correlationId, clientId }
}

/** Whether there are a request and a response of this version. */
export function isSpoken(apiKey: number, apiVersion: number): boolean {
  const api = messagesOf(apiKey)
  if (api === undefined) return false
  const { min, max } = api.request.versions
  return apiVersion >= min && apiVersion <= max
}

/** A version of ApiVersions that does not exist, even a negative one, is read as if flexible. */
function hasTags(apiKey: number, apiVersion: number): boolean {
  const request = messagesOf(apiKey)?.request
  return request !== undefined && (request.isFlexible(apiVersion) || !isSpoken(apiKey, apiVersion))
}

/** The client's side of `decodeRequestHeader`. */
export function encodeRequestHeader(writer: WireWriter, header: RequestHeader): void {
  writer.int16(header.apiKey)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  writer.string(header.clientId)
  if (hasTags(header.apiKey, header.apiVersion)) writer.uvarint(0)
}

/** Writes what stands before a response's body. */
export function encodeResponseHeader(
  writer: WireWriter,
  apiKey: number,
  apiVersion: number,
  correlationId: number,
): void {
  writer.int32(correlationId)
  if (responseHasTags(apiKey, apiVersion)) writer.uvarint(0)
}

/** Reads a response's header, of the request it must answer, and leaves the reader at the body. */
export function decodeResponseHeader(
  reader: WireReader,
  apiKey: number,
  apiVersion: number,
): { readonly correlationId: number } {
  const correlationId = reader.int32()
  if (responseHasTags(apiKey, apiVersion)) reader.skipTaggedFields()
  return { correlationId }
}

function responseHasTags(apiKey: number, apiVersion: number): boolean {
  if (apiKey === ApiKey.API_VERSIONS) return false
  return messagesOf(apiKey)?.response.isFlexible(apiVersion) === true
}

/**
 * Whole frames, as pieces to send: the length (int32, not counting itself), the header, the body.
 * Incoming frames are cut by the host; here they arrive without their length.
 */
import { encodeRequestHeader, encodeResponseHeader } from './header.ts'
import type { DraftOf, Fields, Message } from './schema.ts'
import { type Piece, WireWriter } from './wire-writer.ts'

const LENGTH_BYTES = 4

/** What a request says of itself besides its body. */
export interface RequestEnvelope {
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A request ready to send. Long bytes in it are referenced, and must not change until then. */
export function encodeRequestFrame<F extends Fields>(
  message: Message<F>,
  envelope: RequestEnvelope,
  draft: DraftOf<Message<F>>,
): Piece[] {
  const writer = new WireWriter()
  writer.int32(0)
  encodeRequestHeader(writer, {
    apiKey: message.key,
    apiVersion: envelope.version,
    correlationId: envelope.correlationId,
    clientId: envelope.clientId,
  })
  message.encode(writer, envelope.version, draft)
  return withLength(writer)
}

/**
 * A response ready to send. Long bytes in it are referenced, and must not change until then.
 * `writer`: one to use again and again.
 */
export function encodeResponseFrame<F extends Fields>(
  message: Message<F>,
  version: number,
  correlationId: number,
  draft: DraftOf<Message<F>>,
  writer = new WireWriter(),
): Piece[] {
  writer.restart()
  writer.int32(0)
  encodeResponseHeader(writer, message.key, version, correlationId)
  message.encode(writer, version, draft)
  return withLength(writer)
}

function withLength(writer: WireWriter): Piece[] {
  const pieces = writer.pieces()
  const first = pieces[0] as Buffer
  first.writeInt32BE(writer.sizeBytes - LENGTH_BYTES, 0)
  return pieces
}

import { describe, expect, it } from 'vitest'
import { encodeRequestFrame, encodeResponseFrame } from '../../protocol/frame.ts'
import { decodeRequestHeader, decodeResponseHeader } from '../../protocol/header.ts'
import { messages } from '../../protocol/messages/index.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import type { Piece } from '../../protocol/wire-writer.ts'
import { type RecordedFrame, readRecordedFrames } from '../support/recorded-frames.ts'

const frames = readRecordedFrames()

describe('frames recorded between real clients and Kafka 4.3.0', () => {
  it('are all here: 377 of them, 55 APIs', () => {
    expect(frames.length).toBe(377)
    expect(new Set(frames.map(frame => frame.key)).size).toBe(55)
  })

  it('decode to their last byte and encode back to the same bytes', () => {
    const changed = frames.filter(frame => {
      const encoded = frame.kind === 'request' ? requestAgain(frame) : responseAgain(frame)
      return !encoded.equals(frame.bytes)
    })
    expect(
      changed.map(({ client, key, version, kind }) => ({ client, key, version, kind })),
    ).toEqual([])
  })
})

function requestAgain({ key, version, bytes }: RecordedFrame): Buffer {
  const reader = new WireReader(bytes)
  const header = decodeRequestHeader(reader)
  expect([header.apiKey, header.apiVersion]).toEqual([key, version])
  const { request } = messages.get(key)!
  const body = request.decode(reader, version)
  expect(reader.remaining).toBe(0)
  const { correlationId, clientId } = header
  return withoutLength(encodeRequestFrame(request, { version, correlationId, clientId }, body))
}

function responseAgain({ key, version, bytes }: RecordedFrame): Buffer {
  const reader = new WireReader(bytes)
  const { correlationId } = decodeResponseHeader(reader, key, version)
  const { response } = messages.get(key)!
  const body = response.decode(reader, version)
  expect(reader.remaining).toBe(0)
  return withoutLength(encodeResponseFrame(response, version, correlationId, body))
}

function withoutLength(pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.concat(pieces as readonly Buffer[])
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4)
  return bytes.subarray(4)
}

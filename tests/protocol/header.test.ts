import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { encodeRequestFrame, encodeResponseFrame } from '../../protocol/frame.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  isSpoken,
} from '../../protocol/header.ts'
import { ApiVersionsResponse } from '../../protocol/messages/api-versions.ts'
import { FetchResponse } from '../../protocol/messages/fetch.ts'
import { HeartbeatRequest } from '../../protocol/messages/heartbeat.ts'
import { messages } from '../../protocol/messages/index.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import { buffers } from '../support/arbitrary.ts'

const decode = (hex: string) => {
  const reader = new WireReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  return { header: decodeRequestHeader(reader), left: reader.remaining }
}

describe('a request header', () => {
  it('comes back as it went, for every version there is', () => {
    for (const [apiKey, { request }] of messages) {
      for (let version = request.versions.min; version <= request.versions.max; version++) {
        for (const clientId of [null, '', 'rdkafka', 'größer']) {
          const writer = new WireWriter()
          const header = { apiKey, apiVersion: version, correlationId: -5, clientId }
          encodeRequestHeader(writer, header)
          const reader = new WireReader(writer.bytes())
          expect(decodeRequestHeader(reader)).toEqual(header)
          expect(reader.remaining).toBe(0)
        }
      }
    }
  })

  it('keeps the fixed encoding of the client id when it is flexible', () => {
    const { header, left } = decode('0003 0009 00000001 0002 6162 00 ff')
    expect(header.clientId).toBe('ab')
    expect(left).toBe(1)
  })

  it('passes over tags it does not know', () => {
    expect(decode('0003 0009 00000001 ffff 01 05 02 aabb').left).toBe(0)
  })

  it('of a key or version that is not spoken closes the connection', () => {
    for (const hex of [
      '0004 0001',
      '0034 0000',
      '0003 0063',
      '0003 ffff',
      '0000 0002',
      '7fff 0000',
    ]) {
      expect(() => decode(`${hex} 00000001 ffff 00`)).toThrow(ProtocolViolation)
    }
  })

  it('of ApiVersions is read as flexible in any version that does not exist (KIP-511)', () => {
    for (const version of ['0063', 'ffff', '7fff']) {
      const { header, left } = decode(`0012 ${version} 00000009 0001 61 00 aabbcc`)
      expect([header.correlationId, header.clientId, left]).toEqual([9, 'a', 3])
      expect(isSpoken(ApiKey.API_VERSIONS, header.apiVersion)).toBe(false)
    }
    // Without its block of tags the connection closes.
    expect(() => decode('0012 0063 00000009 0001 61')).toThrow(ProtocolViolation)
  })

  it('does no worse than a ProtocolViolation for any bytes', () => {
    fc.assert(
      fc.property(buffers(40), bytes => {
        try {
          decodeRequestHeader(new WireReader(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolViolation)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a response header', () => {
  it('has tags in flexible versions, ApiVersions excepted', () => {
    const sizeOf = (key: number, version: number) => {
      const writer = new WireWriter()
      encodeResponseHeader(writer, key, version, 5)
      const reader = new WireReader(writer.bytes())
      expect(decodeResponseHeader(reader, key, version)).toEqual({ correlationId: 5 })
      expect(reader.remaining).toBe(0)
      return writer.sizeBytes
    }
    expect(sizeOf(ApiKey.METADATA, 8)).toBe(4)
    expect(sizeOf(ApiKey.METADATA, 9)).toBe(5)
    expect(sizeOf(ApiKey.API_VERSIONS, 3)).toBe(4)
    expect(sizeOf(ApiKey.API_VERSIONS, 4)).toBe(4)
    expect(sizeOf(ApiKey.SASL_HANDSHAKE, 1)).toBe(4)
    expect(sizeOf(ApiKey.OFFSET_DELETE, 0)).toBe(4)
  })
})

describe('a frame', () => {
  it('starts with its length, and refers to file ranges instead of reading them', () => {
    const records = { sizeBytes: 1_000_000 }
    const partitions = [{ partitionIndex: 0, errorCode: 0, highWatermark: 9, records }]
    const draft = {
      responses: [{ topic: 't', partitions: [{ ...partitions[0]!, abortedTransactions: null }] }],
    }
    const pieces = encodeResponseFrame(FetchResponse, 12, 3, { throttleTimeMs: 0, ...draft })
    const sizes = pieces.map(piece =>
      piece instanceof Uint8Array ? piece.length : piece.sizeBytes,
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    expect(pieces).toContain(records)
    expect((pieces[0] as Buffer).readInt32BE(0)).toBe(total - 4)
  })

  it('refuses a version that does not exist, and a field the version would lose', () => {
    const envelope = { version: 2, correlationId: 1, clientId: null }
    const draft = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: 'static' }
    expect(() => encodeRequestFrame(HeartbeatRequest, envelope, draft)).toThrow('groupInstanceId')
    expect(() =>
      encodeResponseFrame(ApiVersionsResponse, 99, 1, { errorCode: 35, apiKeys: [] }),
    ).toThrow('no version 99')
  })
})

import { describe, expect, it } from 'vitest'
import { ApiKey, apiName } from '../../protocol/api-keys.ts'
import { ErrorCode, errorInfo, KafkaError, ProtocolViolation } from '../../protocol/errors.ts'
import { readMessageSpec } from '../support/message-spec.ts'

describe('error codes', () => {
  it('run from -1 to 133 without a gap', () => {
    const codes = Object.values(ErrorCode)
    expect(codes).toEqual(Array.from({ length: 135 }, (_, i) => i - 1))
  })

  it('each have a name, and a sentence but for NONE', () => {
    for (const [name, code] of Object.entries(ErrorCode)) {
      const info = errorInfo(code)
      expect(info.name).toBe(name)
      expect(info.message).toMatch(code === ErrorCode.NONE ? /^$/ : /^[A-Z].*\.$/)
    }
  })

  it('say what a client may retry', () => {
    expect(errorInfo(ErrorCode.NOT_LEADER_OR_FOLLOWER).retriable).toBe(true)
    expect(errorInfo(ErrorCode.NOT_COORDINATOR).retriable).toBe(true)
    expect(errorInfo(ErrorCode.MESSAGE_TOO_LARGE).retriable).toBe(false)
  })

  it('that nobody knows are an unknown error', () => {
    expect(errorInfo(9_999).code).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
  })

  it('travel in an error with their own sentence or the one given', () => {
    expect(new KafkaError(ErrorCode.INVALID_GROUP_ID).message).toBe('The group id is invalid.')
    const error = new KafkaError(ErrorCode.INVALID_REQUEST, 'No such thing.')
    expect([error.code, error.message]).toEqual([42, 'No such thing.'])
    expect(new ProtocolViolation('x')).not.toBeInstanceOf(KafkaError)
  })
})

describe('api keys', () => {
  it("have Kafka's names", () => {
    const requests = readMessageSpec().messages.filter(message => message.kind === 'request')
    expect(requests.length).toBe(Object.keys(ApiKey).length)
    for (const { name, key } of requests) expect(`${apiName(key)}Request`).toBe(name)
    expect(apiName(1_234)).toBe('UNKNOWN(1234)')
  })
})

import { describe, expect, test } from 'vitest'
import { CommandFailure, UsageError } from '../../../client/cli/failure.ts'
import { buildProgram, runnable } from '../../../client/cli/program.ts'
import { sentenceOf } from '../../../client/cli/sentence.ts'
import { BrokerError, ConnectionError, TimeoutError } from '../../../client/errors.ts'
import { DiskError } from '../../../host/disk-error.ts'
import { ErrorCode } from '../../../protocol/errors.ts'

describe('the tree of commands', () => {
  const commands = runnable(buildProgram()).map(({ name, command }) => ({ name, inner: command }))

  test.each(commands)('$name says what it does and what each option means', ({ inner }) => {
    expect(inner.description()).toMatch(/\.$|code/)
    for (const option of inner.options) expect(option.description).not.toBe('')
  })

  test('has no option twice under one letter, the global ones included', () => {
    const globals = buildProgram().options.flatMap(({ short }) => short ?? [])
    for (const { inner } of commands) {
      const letters = [...globals, ...inner.options.flatMap(({ short }) => short ?? [])]
      expect(new Set(letters).size).toBe(letters.length)
    }
  })
})

describe('a failure is told in one sentence', () => {
  test('that of a command as it is', () => {
    expect(sentenceOf(new CommandFailure('No; do this.'))).toBe('No; do this.')
    expect(sentenceOf(new UsageError('Not so.'))).toBe('Not so.')
  })

  test('that of a broker with the cure its error has', () => {
    const error = new BrokerError('create topic a', ErrorCode.TOPIC_ALREADY_EXISTS)
    expect(sentenceOf(error)).toMatch(/^Could not create topic a: .*\(TOPIC_ALREADY_EXISTS\); /)
  })

  test('where nobody answers, with how to start one or name another', () => {
    const refused = new ConnectionError('127.0.0.1:1', new Error('connect ECONNREFUSED'))
    const told =
      /^Lost 127\.0\.0\.1:1: .*; start a broker with `ottla start`.*--bootstrap-server\.$/
    expect(sentenceOf(refused)).toMatch(told)
    expect(sentenceOf(new TimeoutError('could not ask', 5, refused))).toMatch(told)
  })

  test('that of a disk with what to look at', () => {
    expect(sentenceOf(new DiskError('EACCES', '/x', 'open'))).toBe(
      'Could not open /x (EACCES): this user may not; run as its owner or change its mode.',
    )
    const missing = Object.assign(new Error(), { code: 'ENOENT', syscall: 'open', path: '/y' })
    expect(sentenceOf(missing)).toBe('Could not open /y (ENOENT): it is not there; check the path.')
  })

  test('and what nobody foresaw as that', () => {
    expect(sentenceOf(new TypeError('x is undefined'))).toMatch(/should not: x is undefined;/)
    expect(sentenceOf('text')).toMatch(/text/)
  })
})

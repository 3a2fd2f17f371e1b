import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servedApis } from '../../../broker/api/index.ts'
import { denying } from '../../../broker/security/authorizer.ts'
import { messages } from '../../../protocol/messages/index.ts'
import { brokerAndClient, createTopic, type Pair } from '../support.ts'
import { adminExamples } from './admin-examples.ts'
import type { Example } from './example.ts'
import { recordExamples } from './record-examples.ts'

const EXAMPLES = new Map<number, Example>([...recordExamples, ...adminExamples])

let open: Pair
let closed: Pair
let topicId: string
let deniedTopicId: string

beforeAll(async () => {
  open = await brokerAndClient()
  topicId = await createTopic(open.client, 't')
  let denies = false
  closed = await brokerAndClient({ authorizer: denying(() => denies) })
  deniedTopicId = await createTopic(closed.client, 't')
  denies = true
})

afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await closed[Symbol.asyncDispose]()
})

describe('every API that is served', () => {
  test('has an example here', () => {
    const keys = servedApis.map(({ key }) => key).sort((a, b) => a - b)
    expect([...EXAMPLES.keys()].sort((a, b) => a - b)).toEqual(keys)
  })

  for (const { key, name, versions } of servedApis) {
    const example = EXAMPLES.get(key)
    if (example === undefined) continue
    for (let version = versions.min; version <= versions.max; version++) {
      test(`${name} ${version} is answered`, async () => {
        const answer = await open.client.ask(key, version, example.draft(version, topicId))
        const { answer: expected } = example
        expect(answer).toMatchObject(
          typeof expected === 'function' ? expected(version, topicId) : expected,
        )
      })

      test(`${name} ${version} tells nothing to whom nothing is allowed`, async () => {
        const answer = await closed.client.ask(key, version, example.draft(version, deniedTopicId))
        const { denied } = example
        expect(answer).toMatchObject(typeof denied === 'function' ? denied(version) : denied)
      })
    }
  }

  test('lists what Kafka 4.3 lists of it', () => {
    for (const { key, listed } of servedApis) {
      expect({ key, ...listed }).toEqual({ key, ...messages.get(key)!.listed })
    }
  })
})

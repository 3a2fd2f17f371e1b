import { expect, test } from 'vitest'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { batchOf, brokerAndClient, createTopic, produceDraft } from './support.ts'

/*
 * Answers that were held against those of Apache Kafka 4.3.0, request by request, and differed.
 */

test('min.insync.replicas asks for no more replicas than the partition has', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  await createTopic(client, 't', { 'min.insync.replicas': '2' })
  const draft = produceDraft({ name: 't' }, batchOf(['a']))
  const answer = await client.ask(ApiKey.PRODUCE, 9, draft)
  expect(answer.responses[0].partitionResponses[0]).toMatchObject({
    errorCode: ErrorCode.NONE,
    baseOffset: 0,
  })
})

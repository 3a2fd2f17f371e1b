import { describe, expect, test } from 'vitest'
import {
  allowAll,
  authorizedOperations,
  CLUSTER_NAME,
  denyAll,
  denying,
  Operation,
  ResourceType,
} from '../../../broker/security/authorizer.ts'
import { ANONYMOUS } from '../../../broker/security/principal.ts'

describe('authorized operations', () => {
  const bits = (...operations: number[]) => operations.reduce((all, one) => all | (1 << one), 0)

  test('are the bits of what means something for the resource', () => {
    const topic = authorizedOperations(allowAll, ANONYMOUS, ResourceType.TOPIC, 'a')
    expect(topic).toBe(bits(3, 4, 5, 6, 7, 8, 10, 11))
    const group = authorizedOperations(allowAll, ANONYMOUS, ResourceType.GROUP, 'g')
    expect(group).toBe(bits(3, 6, 8, 10, 11))
    const cluster = authorizedOperations(allowAll, ANONYMOUS, ResourceType.CLUSTER, CLUSTER_NAME)
    expect(cluster).toBe(bits(5, 7, 8, 9, 10, 11, 12))
  })

  test('leave out what is denied', () => {
    const noWrite = denying((_, operation) => operation === Operation.WRITE)
    expect(authorizedOperations(noWrite, ANONYMOUS, ResourceType.TOPIC, 'a')).toBe(
      bits(3, 5, 6, 7, 8, 10, 11),
    )
    expect(authorizedOperations(denyAll, ANONYMOUS, ResourceType.TOPIC, 'a')).toBe(0)
    expect(noWrite.isEnabled).toBe(true)
    expect(allowAll.isEnabled).toBe(false)
  })
})

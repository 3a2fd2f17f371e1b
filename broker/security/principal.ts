/** Who a connection speaks for: Kafka's `type:name`, as ACLs and audit lines write it. */
export interface Principal {
  readonly type: string
  readonly name: string
}

/** Everyone on a listener without authentication. */
export const ANONYMOUS: Principal = { type: 'User', name: 'ANONYMOUS' }

/** `User:alice`. */
export function principalText(principal: Principal): string {
  return `${principal.type}:${principal.name}`
}

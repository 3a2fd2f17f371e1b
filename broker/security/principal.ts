/** Who a request acts for. Kafka's text form is `type:name`. */
export interface Principal {
  /** 'User' for everything Kafka knows today. */
  readonly type: string
  readonly name: string
}

/** What an unauthenticated connection acts as, as in Kafka. */
export const ANONYMOUS: Principal = { type: 'User', name: 'ANONYMOUS' }

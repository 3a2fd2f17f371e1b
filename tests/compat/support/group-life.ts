/** The life of classic groups as raw requests, told step by step so that two brokers compare. */
import { ApiKey } from '../../../protocol/api-keys.ts'
import { type Answer, GroupSteps, TOPIC, type Told } from './group-steps.ts'

/** What becomes of empty groups on a fresh broker that looks for them several times a second. */
export async function tellExpiry(port: number): Promise<Told> {
  const life = new GroupLife(port)
  await life.begin()
  await life.expiry()
  life.end()
  return life.told
}

/** Runs every other step on a fresh broker, which must not look for empty groups meanwhile. */
export async function tellGroupLife(port: number): Promise<Told> {
  const life = new GroupLife(port)
  await life.begin()
  await life.strangers()
  await life.oneMember()
  await life.twoMembers()
  await life.staticMembers()
  await life.simpleGroup()
  await life.pendingMember()
  await life.odd()
  life.end()
  return life.told
}

class GroupLife extends GroupSteps {
  async strangers(): Promise<void> {
    const nobody = this.member('nobody', 'absent')
    nobody.id = 'made-up'
    nobody.generation = 3
    await this.everyCall('a group that is not there', nobody)
    await this.commit('outside of a group that is not there, new', nobody, { version: 9 })
    await this.commit('outside of a group that is not there, old', nobody, { version: 8 })
    await this.join('with an id nobody gave', nobody)
    await this.offsetDelete('of a group that is not there', 'absent', TOPIC)
    await this.deleteGroup('that is not there', 'absent')
    await this.states('absent', 'not there')
  }

  async oneMember(): Promise<void> {
    const a = this.member('a', 'one', null, await this.connect())
    await this.join('first', a)
    await this.states('one', 'completing')
    await this.heartbeat('while completing', a)
    await this.commit('while completing', a)
    await this.sync('of the leader', a, { a: 'all' })
    await this.states('one', 'stable')
    await this.sync('again', a)
    await this.sync('of another protocol', a, {}, { protocolName: 'roundrobin' })
    await this.sync('of another type', a, {}, { protocolType: 'connect' })
    await this.commit('of a member', a)
    await this.commit('with metadata too long', a, { metadata: 'x'.repeat(5000) })
    await this.commit('for a topic that is not there', a, { topic: 'nope', version: 9 })
    await this.commit('for a partition that is not there', a, { partition: 9 })
    await this.commit('without id', { ...a, id: '', generation: -1 })
    await this.commit('without generation', { ...a, generation: -1 })
    await this.commit('without id, with generation', { ...a, id: '' })
    await this.everyCall('another generation', { ...a, generation: a.generation + 1 })
    await this.everyCall('an earlier generation', { ...a, generation: a.generation - 1 })
    await this.everyCall('another id', { ...a, id: 'made-up' })
    await this.everyCall('no id', { ...a, id: '' })
    await this.everyCall('an instance nobody has', { ...a, instanceId: 'i' })
    await this.join('of another protocol type', this.member('x', 'one'), {
      protocolType: 'connect',
    })
    await this.join('without a common protocol', this.member('x', 'one'), { protocol: 'other' })
    await this.join('with no protocol', this.member('x', 'one'), { protocols: [] })
    await this.offsetDelete('of a topic in use', 'one', TOPIC)
    await this.offsetDelete('of a topic not in use', 'one', 'nope')
    await this.deleteGroup('in use', 'one')
    await this.leave('of somebody else', { ...a, id: 'made-up' })
    await this.leave('of a member', a)
    await this.states('one', 'empty')
    await this.heartbeat('after leaving', a)
    await this.commit('after leaving', a)
    await this.commit('outside of an empty group', { ...a, id: '', generation: -1 })
    await this.offsetDelete('of an empty group', 'one', TOPIC)
    await this.join('with no protocol, empty', this.member('x', 'one'), { protocols: [] })
    await this.join('with no protocol type, empty', this.member('x', 'one'), { protocolType: '' })
    await this.deleteGroup('that is empty', 'one')
    await this.states('one', 'deleted')
  }

  async twoMembers(): Promise<void> {
    const a = this.member('2a', 'two', null, await this.connect())
    const b = this.member('2b', 'two', null, await this.connect())
    await this.join('of two, first', a)
    await this.sync('of two, first', a, { '2a': 'all' })
    const second = this.join('of two, second', b)
    await this.untilState('two', 'PreparingRebalance')
    await this.states('two', 'preparing')
    await this.heartbeat('while preparing', a)
    await this.commit('while preparing', a)
    await this.sync('while preparing', a)
    const first = this.join('of two, again', a)
    await Promise.all([first, second])
    await this.states('two', 'completing again')
    const follower = this.sync('of the follower', b)
    await this.sync('of the leader of two', a, { '2a': 'half', '2b': 'half' })
    await follower
    await this.join('of a follower that is unchanged', b)
    await this.leave('of one of two', b)
    await this.untilState('two', 'PreparingRebalance')
    await this.heartbeat('after one left', a)
    await this.leave('of the last', a)
    await this.states('two', 'empty again')
  }

  async staticMembers(): Promise<void> {
    const s = this.member('s', 'static', 'i1', await this.connect())
    await this.join('static', s)
    await this.sync('static', s, { s: 'all' })
    await this.everyCall('a static member', s)
    await this.everyCall('a static member, wrong id', { ...s, id: 'made-up' })
    await this.everyCall('a static member, wrong instance', { ...s, instanceId: 'i2' })
    const again = this.member('s2', 'static', 'i1', await this.connect())
    await this.join('static, back with no id', again)
    await this.states('static', 'static stable')
    await this.everyCall('the id a static member had', s)
    await this.join('with the id a static member had', s)
    await this.leave('by instance alone', { ...again, id: '' })
    await this.leave('by an instance nobody has', { ...again, id: '', instanceId: 'i9' })
    await this.states('static', 'static empty')
  }

  async simpleGroup(): Promise<void> {
    const nobody = this.member('nobody', 'simple')
    await this.commit('simple', nobody)
    await this.states('simple', 'simple')
    await this.everyCall('a simple group', { ...nobody, id: 'made-up', generation: 1 })
    await this.offsetDelete('simple', 'simple', TOPIC)
    await this.states('simple', 'simple without offsets')
    await this.commit('simple again', nobody)
    await this.deleteGroup('simple', 'simple')
  }

  async pendingMember(): Promise<void> {
    const p = this.member('p', 'pending')
    await this.joinOnce('that is given an id', p)
    await this.states('pending', 'pending')
    await this.heartbeat('of a pending member', { ...p, generation: 0 })
    await this.sync('of a pending member', { ...p, generation: 0 })
    await this.commit('of a pending member', { ...p, generation: 0 })
    await this.leave('of a pending member', p)
    await this.states('pending', 'pending gone')
    const q = this.member('q', 'pending')
    await this.joinOnce('that is given another id', q)
    await this.joinOnce('pending, with an instance', { ...q, instanceId: 'i' })
  }

  /** An empty group without offsets goes with the next sweep; one with offsets stays. */
  async expiry(): Promise<void> {
    const e = this.member('e', 'expiring', null, await this.connect())
    // In a version that takes a member at once: Kafka's sweep takes a group whose id is pending.
    await this.join('to expire', e, { version: 3 })
    await this.sync('to expire', e, { e: 'all' })
    await this.leave('to expire', e)
    await this.untilState('expiring', 'Dead')
    await this.states('expiring', 'expired')
    await this.commit('kept', this.member('nobody', 'kept'))
    await this.states('kept', 'with offsets')
  }

  async odd(): Promise<void> {
    for (const [name, groupId] of [
      ['no name', ''],
      ['a name of blanks', '  '],
      ['a name of every kind', 'ä/ü .:*"'],
      ['a long name', 'g'.repeat(300)],
    ] as const) {
      const m = this.member(`odd ${name}`, groupId, null, await this.connect())
      await this.join(`under ${name}`, m)
      await this.everyCall(name, m)
      await this.commit(`outside, under ${name}`, { ...m, id: '', generation: -1 })
      await this.states(groupId, name)
      await this.offsetDelete(`under ${name}`, groupId, TOPIC)
      await this.leave(`at the end, under ${name}`, m)
      await this.deleteGroup(`under ${name}`, groupId)
    }
    const m = this.member('t', 'timeouts')
    await this.join('with too short a session', m, { sessionTimeoutMs: 10 })
    await this.join('with too long a session', m, { sessionTimeoutMs: 100_000_000 })
    const twice = await this.ask(ApiKey.DELETE_GROUPS, 2, { groupsNames: ['dup', 'dup'] })
    this.tell(
      'delete of one name twice',
      twice.results.map((r: Answer) => r.errorCode),
    )
    const states = await this.ask(ApiKey.LIST_GROUPS, 5, { statesFilter: ['nonsense'] })
    this.tell('list of a state there is not', [states.errorCode, states.groups.length])
    const types = await this.ask(ApiKey.LIST_GROUPS, 5, { typesFilter: ['nonsense'] })
    this.tell('list of a type there is not', [types.errorCode, types.groups.length])
  }
}

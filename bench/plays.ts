import { Changes } from './changes.ts'
import type { LoadCommand, LoadResult } from './scenario.ts'
import { connectInTurn, Stage, type Tell } from './stage.ts'

type PlayCommand = Extract<LoadCommand, { readonly type: 'play' }>

/** Plays a scenario to its end and checks what every receiver holds. */
export async function play({ scenario, daemon, port }: PlayCommand, tell: Tell): Promise<LoadResult> {
  const stage = new Stage(scenario, daemon, port, tell)
  try {
    switch (scenario.play) {
      case 'table':
      case 'pods':
        return await table(stage)
      case 'cold':
        return await cold(stage)
      case 'withdraw':
        return await withdraw(stage)
      case 'refresh':
        return await refresh(stage)
      case 'churn':
        return await churn(stage)
      case 'late':
        return await late(stage)
    }
  } finally {
    stage.close()
  }
}

async function table(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  return stage.measure(async () => {
    stage.sendTables()
    await stage.everybodyHasAll()
  })
}

async function cold(stage: Stage): Promise<LoadResult> {
  return stage.measure(async () => {
    await connectInTurn(stage.sources, (source) => source.send(stage.tables[stage.sources.indexOf(source)]!.octets))
    await stage.everybodyHasAll()
  })
}

async function withdraw(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  return stage.measure(async () => {
    stage.lose(0)
    await stage.everybodyHasAll()
  })
}

async function refresh(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  return stage.measure(async () => {
    for (const receiver of stage.receivers) {
      receiver.held.forget()
      receiver.askForRefresh()
    }
    await stage.everybodyHasAll()
  })
}

const TICKS = 10_000

async function churn(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  const changes = new Changes(stage)
  const result = await stage.measure(async () => {
    await changes.run(TICKS)
    await Promise.all(stage.receivers.map((receiver) => receiver.until(() => changes.allSeenBy(receiver))))
  })
  return { ...result, latencyMs: changes.latency() }
}

async function late(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  const changes = new Changes(stage)
  const running = changes.run(TICKS / 5)
  const newcomer = stage.newPeer(3, 0)
  const result = await stage.measure(async () => {
    await newcomer.connect()
    await newcomer.until(() => newcomer.held.count >= stage.wanted.count)
  })
  await running
  await Promise.all(stage.receivers.map((receiver) => receiver.until(() => changes.allSeenBy(receiver))))
  newcomer.close()
  return result
}

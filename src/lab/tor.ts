import { execFile } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EXIT_FAILED, Failure } from '../failure.ts'
import type { Netns } from './netns.ts'
import { torObjects } from './objects.ts'
import { CLUSTER_ASN, HOLD_SECONDS, TOR, TOR_ASN } from './plan.ts'
import type { Programs } from './programs.ts'
import type { Routelets } from './routelets.ts'

const run = promisify(execFile)

export type TorKind = 'routelet' | 'frr' | 'bird'

interface Surroundings {
  readonly dir: string
  readonly netns: Netns
  readonly programs: Programs
  readonly routelets: Routelets
}

/** Starts what runs on the router. */
export async function startTor(kind: TorKind, around: Surroundings): Promise<void> {
  switch (kind) {
    case 'routelet':
      return around.routelets.start('agent', around.netns, 'tor', torObjects())
    case 'bird':
      return startBird(around)
    case 'frr':
      return startFrr(around)
  }
}

async function startBird({ dir, netns, programs }: Surroundings): Promise<void> {
  const bird = await installed(['/usr/sbin/bird', '/usr/local/sbin/bird'], 'bird2')
  const config = join(dir, 'bird.conf')
  await writeFile(config, BIRD_CONFIG)
  programs.start(netns, 'tor', [bird, '-f', '-c', config, '-s', join(dir, 'bird.ctl'), '-P', join(dir, 'bird.pid')])
}

async function startFrr({ dir, netns, programs }: Surroundings): Promise<void> {
  const zebra = await installed(['/usr/lib/frr/zebra'], 'frr')
  const bgpd = await installed(['/usr/lib/frr/bgpd'], 'frr')
  // Both run as the user frr, who must be able to write here.
  const own = join(dir, 'frr')
  await mkdir(own)
  await writeFile(join(own, 'frr.conf'), FRR_CONFIG)
  await run('chown', ['-R', 'frr:frr', own])
  const shared = ['-f', join(own, 'frr.conf'), '-z', join(own, 'zserv.api'), '--vty_socket', own, '-P', '0']
  programs.start(netns, 'tor-zebra', [zebra, ...shared, '-i', join(own, 'zebra.pid')])
  programs.start(netns, 'tor', [bgpd, ...shared, '-i', join(own, 'bgpd.pid')])
}

async function installed(paths: readonly string[], packageName: string): Promise<string> {
  for (const path of paths) {
    const found = await access(path).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  throw new Failure(EXIT_FAILED, [`${paths[0]} is not installed: apt-get install ${packageName}, or leave out --tor`])
}

const BIRD_CONFIG = `log stderr all;
router id ${TOR.racks.a};
protocol device { }
protocol kernel {
  merge paths yes;
  ipv4 { import none; export where source = RTS_BGP; };
}
protocol static clients {
  ipv4;
  route ${TOR.clientSubnet} via "client";
}
protocol bgp nodes {
  local as ${TOR_ASN};
  neighbor range ${TOR.nodesRange} as ${CLUSTER_ASN};
  dynamic name "node";
  hold time ${HOLD_SECONDS};
  keepalive time 1;
  error wait time 1, 2;
  ipv4 { import all; export where proto = "clients"; };
}
`

const FRR_CONFIG = `log stdout
router bgp ${TOR_ASN}
 bgp router-id ${TOR.racks.a}
 no bgp ebgp-requires-policy
 neighbor nodes peer-group
 neighbor nodes remote-as ${CLUSTER_ASN}
 neighbor nodes timers 1 ${HOLD_SECONDS}
 bgp listen range ${TOR.nodesRange} peer-group nodes
 address-family ipv4 unicast
  network ${TOR.clientSubnet}
  maximum-paths 16
  neighbor nodes prefix-list clients out
 exit-address-family
ip prefix-list clients permit ${TOR.clientSubnet}
`

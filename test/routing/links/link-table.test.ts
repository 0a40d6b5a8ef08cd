import { expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { LinkTable } from '../../../routing/links/link-table.ts'

const ours = address('fe80::1')
const theirs = address('fe80::2')
const another = address('fe80::3')

test('the router of a link is the one heard last that is not ourselves, whose advertisements come back', () => {
  const link = { index: 2, up: true, loopback: false, addresses: [{ address: ours }] }
  const table = new LinkTable([
    { ...link, name: 'both', routers: [ours, theirs, another] },
    { ...link, name: 'alone', routers: [ours] },
    // What is our address on one link may be another's on the next.
    { ...link, name: 'elsewhere', addresses: [{ address: theirs }], routers: [ours] },
    { ...link, name: 'down', up: false, routers: [theirs] },
    { ...link, name: 'quiet' },
  ])
  expect([...table.routers]).toEqual([
    ['both', theirs],
    ['elsewhere', ours],
  ])
})

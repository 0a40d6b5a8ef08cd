import { acceptance, acceptedColumn, ageColumn, labelSelector, nodeSelectors, objectNames } from './common.ts'
import { defineKind } from './kind.ts'
import { array, object, string } from './schema.ts'

export const l2Advertisement = defineKind({
  kind: 'L2Advertisement',
  plural: 'l2advertisements',
  shortNames: ['l2adv'],
  description: 'Service addresses announced on the local link by ARP and neighbour discovery.',
  spec: object(
    'What is announced, by whom and where.',
    {
      pools: objectNames('IPAddressPools the address must be in; none: any address.'),
      nodeSelectors: nodeSelectors('Nodes that may announce.'),
      interfaces: array(
        'Interfaces it is announced on; * stands for any characters. None: all that have the subnet.',
        string('Name or pattern of an interface.', { minLength: 1, maxLength: 15 }),
        { maxItems: 32, default: [] },
      ),
      serviceSelector: labelSelector('Labels of the Service.', 'all Services'),
      ownership: string('How the one node that answers is found. Lease: by a Lease. Hash: each node works it out.', {
        oneOf: ['Lease', 'Hash'],
        default: 'Lease',
      }),
    },
    { required: true },
  ),
  status: acceptance,
  columns: [{ name: 'Ownership', type: 'string', path: '.spec.ownership' }, acceptedColumn, ageColumn],
})

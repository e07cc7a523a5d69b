// Documents to begin with in the console: each is answered to some role and refused to another.
import * as claims from '../claims.ts'
import type { Session } from '../session.ts'

interface Example {
  title: string
  query: string
  variables?: (session: Session | null) => unknown
}

export const EXAMPLES: Example[] = [
  {
    title: 'Accounts (everybody; whose they are, admins)',
    query: `query Accounts {
  accounts(order_by: {created_at: desc}, limit: 3) {
    network
    address
    name
  }
}`,
  },
  {
    title: 'Networks (everybody)',
    query: `query Networks {
  networks(order_by: {chain_id: asc}) {
    name
    chain_id
    enabled
  }
}`,
  },
  {
    title: 'My sessions (who is signed in)',
    query: `query MySessions {
  v1Sessions {
    res
    success
  }
}`,
  },
  {
    title: 'My profile (who is signed in)',
    query: `query MyProfile {
  myProfile {
    id
    name
  }
}`,
  },
  {
    title: 'Rename my account (who is signed in)',
    query: `mutation Rename($account: UpdateAccountInput!) {
  v1UpdateAccount(account: $account) {
    res
    success
  }
}`,
    variables: (session) => ({
      account: {
        data: {
          networks: ['ethereum'],
          name: 'name.eth',
          address: (session && claims.text(session.claims, 'x-hasura-address')) ?? '0xa8983Fe59b2F08F9F1B3E833c5D47B256F7FE0d5',
        },
      },
    }),
  },
  {
    title: 'The audit log (admins)',
    query: `query Audit {
  audit(order_by: {at: desc}, limit: 3) {
    at
    action
    result
  }
}`,
  },
  {
    title: 'Whose account is it? (admins)',
    query: `query Owners {
  accounts(order_by: {created_at: desc}, limit: 3) {
    address
    user_id
  }
}`,
  },
]

import type { Chain } from '../domain/chain.ts'
import type { ProviderConfig } from './config.ts'
import {
  chainPrefix,
  FAMILY_VARIABLES,
  providerPrefix,
  type ProviderEnding,
} from './family-variables.ts'
import type { Variables } from './variables.ts'

const HTTP = ['http:', 'https:']

/** `https://a.example/key,backup=https://b.example`: in order of preference, with an optional name each. */
export function readProviders(variables: Variables, chain: Chain): ProviderConfig[] {
  const name = `${chainPrefix(chain.slug)}_RPC_URLS`
  const items = variables.list(name)
  if (items.length === 0) {
    variables.problem(name, 'is missing: set one or more RPC URLs, comma-separated, the best first')
  }
  const providers = items.flatMap((item) => {
    const [, label, text = item] = /^([a-z0-9-]+)=(.+)$/.exec(item) ?? []
    // The URL itself stays out of the message: its path often is the key.
    const url = URL.parse(text)
    if (url !== null && HTTP.includes(url.protocol)) return [{ name: label ?? url.host, url: text }]
    variables.problem(
      name,
      'holds something that is no http(s) URL: use https://… or name=https://…',
    )
    return []
  })
  refuseTwins(variables, name, providers)
  const detailed = providers.map((provider) => ({
    ...provider,
    ...readDetails(variables, chain, provider.name),
  }))
  refuseSharedVoices(variables, chain, detailed)
  return detailed
}

function refuseTwins(
  variables: Variables,
  name: string,
  providers: readonly ProviderConfig[],
): void {
  const urls = providers.map(({ url }) => spelled(url))
  if (new Set(urls).size < urls.length) {
    variables.problem(
      name,
      'holds one URL twice: the word of two providers must come from two, list each once',
    )
  }
  const names = providers.map((provider) => provider.name)
  const twice = names.find((provider, index) => names.indexOf(provider) !== index)
  if (twice !== undefined) {
    variables.problem(
      name,
      `names the provider "${twice}" twice: give each its own name, as in name=https://…`,
    )
  }
}

/** In one spelling: a slash or a capital more makes no second node. */
function spelled(url: string): string {
  return URL.parse(url)?.href ?? url
}

/** What a provider is asked beside its blocks, and where: finality at its own URL, unless it was told another. */
const VOICES: readonly (readonly [ProviderEnding, (it: ProviderConfig) => string | undefined])[] = [
  ['SOLIDITY_URL', ({ url, solidityUrl = url }) => solidityUrl],
  ['JSONRPC_URL', ({ jsonrpcUrl }) => jsonrpcUrl],
]

function refuseSharedVoices(
  variables: Variables,
  { slug }: Chain,
  providers: readonly ProviderConfig[],
): void {
  for (const [ending, urlOf] of VOICES) {
    for (const [index, provider] of providers.entries()) {
      const url = urlOf(provider)
      if (url === undefined) continue
      const twin = providers.slice(0, index).find((other) => {
        const isTold = spelled(urlOf(other) ?? '') === spelled(url)
        return isTold && spelled(other.url) !== spelled(provider.url)
      })
      if (twin === undefined) continue
      const own = `${providerPrefix(slug, provider.name)}_${ending}`
      const [name, other] = variables.has(own)
        ? [own, twin]
        : [`${providerPrefix(slug, twin.name)}_${ending}`, provider]
      variables.problem(
        name,
        `is where "${other.name}" is asked as well: the word of two providers must come from two, give each its own`,
      )
    }
  }
}

/** What else the provider was told; what it was not told is absent. */
function readDetails(
  variables: Variables,
  { slug, family }: Chain,
  provider: string,
): Omit<ProviderConfig, 'name' | 'url'> {
  const prefix = providerPrefix(slug, provider)
  const given = (ending: ProviderEnding): boolean =>
    FAMILY_VARIABLES[family].provider.includes(ending) && variables.has(`${prefix}_${ending}`)
  const url = (ending: ProviderEnding, what: string): string =>
    variables.url(`${prefix}_${ending}`, {
      protocols: HTTP,
      remedy: `set the provider's ${what} or none`,
    })
  return {
    ...(given('SOLIDITY_URL') ? { solidityUrl: url('SOLIDITY_URL', 'solidity URL') } : {}),
    ...(given('JSONRPC_URL') ? { jsonrpcUrl: url('JSONRPC_URL', 'JSON-RPC URL') } : {}),
    ...(given('API_KEY') ? { apiKey: variables.secret(`${prefix}_API_KEY`) } : {}),
  }
}

/**
 * Two providers whose names differ only in signs would share their variables, and one would be sent the other's
 * key. Chains can collide as well: `nile-a` on tron and `a` on tron-nile.
 */
export function refuseSharedVariables(
  variables: Variables,
  chains: readonly { readonly chain: Chain; readonly providers: readonly ProviderConfig[] }[],
): void {
  const owners = new Map<string, string>()
  for (const { chain, providers } of chains) {
    for (const { name } of providers) {
      const prefix = providerPrefix(chain.slug, name)
      const owner = owners.get(prefix)
      const provider = `"${name}"`
      owners.set(prefix, provider)
      if (owner === undefined || owner === provider) continue
      variables.problem(
        `${chainPrefix(chain.slug)}_RPC_URLS`,
        `names the provider ${provider} although ${prefix}_… are the variables of ${owner}: choose another name`,
      )
    }
  }
}

/**
 * What a share is worth as evidence that its mean is at `alternative` and not at `limit`: the likelihood ratio
 * of Bernoulli trials, drawn straight between 0 and 1. Where the mean is in truth on the limit's side, whatever
 * the spread, the factor is 1 or less in the mean: what is multiplied up is a fair game or a losing one, and
 * to win much in it is rare (docs/rollout.md, Sources).
 *
 * @param share 0 to 1
 * @param limit over 0 and under 1
 * @param alternative over 0 and under 1, on either side of the limit
 */
export function wager(share: number, limit: number, alternative: number): number {
  const none = (1 - alternative) / (1 - limit);
  return none + share * (alternative / limit - none);
}

/** The worth of several bets with equal parts of what is staked: where each is a fair game or a losing one, so are they. */
export function mixture(bets: readonly number[]): number {
  return bets.reduce((sum, bet) => sum + bet, 0) / bets.length;
}

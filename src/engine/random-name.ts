import { randomInt } from "node:crypto";

const ADJECTIVES = (
  "able ample apt bold brave breezy bright brisk calm candid cheery clear clever cosy crisp curious daring deft eager earnest easy " +
  "fair faithful fleet fond frank free fresh gallant gentle glad golden graceful grand hale handy happy hardy hearty helpful honest " +
  "humble jolly joyful keen kind lively loyal lucid lucky mellow merry mild modest neat nimble noble patient peaceful placid playful " +
  "polite prompt proud quick quiet ready robust rosy sage serene sharp sincere smart snug sober spry stable steady stout sturdy sunny " +
  "sure swift tender thrifty tidy tranquil trusty upbeat valiant vivid warm wise witty zesty"
).split(" ");

const SURNAMES = (
  "abbe ando arago aoki banks baird bell bessel biot bohr boole born bose brahe braun bruno cayley cerf chandra cho clarke cohn cook " +
  "crick darby dalton daimler davy dirac doppler edison elion erdos euler fermi fisher fleming fuchs galen galois gauss germain gibbs " +
  "goeppert hahn haldane hall halley harvey henry hertz hess higgs hooke hubble hutton ito joule kato kepler kitasato koch kovalevsky " +
  "lamarr leavitt lister lorentz lovell maxwell mayer meitner mendel miura mori nagaoka napier nishina noether noguchi ohm oka onnes " +
  "pascal pauli perrin planck raman rontgen sato seki shiga simon snow somerville tanaka terada tesla thales torricelli turing ueda " +
  "volta wallace watt wegener wiles wren yalow yamada young yukawa zuse"
).split(" ");

/** `adjective_surname`; after some tries with a digit, as collisions are then likely. */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; attempt < 6; attempt++) {
    const name = pick();
    if (!isTaken(name)) return name;
  }
  for (;;) {
    const name = `${pick()}${randomInt(10)}`;
    if (!isTaken(name)) return name;
    const longer = `${name}${randomInt(10_000)}`;
    if (!isTaken(longer)) return longer;
  }
}

function pick(): string {
  return `${ADJECTIVES[randomInt(ADJECTIVES.length)]}_${SURNAMES[randomInt(SURNAMES.length)]}`;
}

// When campaigns begin, which ones run, and what each does next. A campaign draws from a stream of its own, so another
// share of fraud leaves the honest payments as they were.

/// How often campaigns of a kind come.
enum CampaignKindPlan {
    /// Payments that a campaign makes, on average; the campaigns' own files say how they come about.
    static func meanPayments(_ kind: FraudKind) -> Double {
        switch kind {
        case .cardTesting: CardTesting.meanPayments
        case .stolenCard: StolenCard.meanPayments
        case .compromisedTerminal: CompromisedTerminal.meanPayments
        case .accountTakeover: AccountTakeover.meanPayments
        case .merchantBustOut: MerchantBustOut.meanPayments
        }
    }

    static func perDay(
        _ kind: FraudKind, configuration: SimulationConfiguration, legitimatePerDay: Double
    ) -> Double {
        guard configuration.fraudShare > 0 else { return 0 }
        let share = configuration.fraudShare
        let fraudsPerDay = legitimatePerDay * share / (1 - share)
        return fraudsPerDay * configuration.fraudMix[kind] / configuration.fraudMix.sum / meanPayments(kind)
    }
}

/// What a campaign did, and when it acts again; nil when it is over.
struct CampaignStep {
    var payment: PaymentFacts?
    /// A payment of a campaign may be honest: those that a merchant takes before he busts out.
    var isFraud = true
    var next: Int64?
}

struct CampaignDirector: Sendable {
    private enum Campaign: Sendable {
        case cardTesting(CardTesting)
        case stolenCard(StolenCard)
        case compromisedTerminal(CompromisedTerminal)
        case accountTakeover(AccountTakeover)
        case merchantBustOut(MerchantBustOut)

        var kind: FraudKind {
            switch self {
            case .cardTesting: .cardTesting
            case .stolenCard: .stolenCard
            case .compromisedTerminal: .compromisedTerminal
            case .accountTakeover: .accountTakeover
            case .merchantBustOut: .merchantBustOut
            }
        }
    }

    private struct Running: Sendable {
        var campaign: Campaign
        var random: RandomSource
    }

    private struct Arrivals: Sendable {
        var random: RandomSource
        /// Nanoseconds between campaigns, or infinite.
        var interval: Double
        var count = 0.0
    }

    private let office: LabelOffice
    private let seed: UInt64
    private let startNanoseconds: Int64
    private let round: UInt64
    private var arrivals: [Arrivals]
    private var running: [Running?] = []
    private var freeSlots: [Int] = []
    private var begun: UInt64 = 0
    private var bustOuts = 0
    /// The campaign that skims a terminal, or -1.
    private var skimmers: [Int32]

    init(_ world: World, round: UInt64) {
        let configuration = world.configuration
        office = LabelOffice(configuration)
        seed = configuration.seed
        startNanoseconds = configuration.startNanoseconds
        self.round = round
        skimmers = Array(repeating: -1, count: world.terminalMerchants.count)
        arrivals = FraudKind.allCases.map { kind in
            let perDay = CampaignKindPlan.perDay(
                kind, configuration: configuration, legitimatePerDay: world.legitimatePaymentsPerDay)
            return Arrivals(
                random: RandomSource(seed: configuration.seed, stream: RandomStream.arrivals(kind, round: round)),
                interval: Double(Nanoseconds.day) / perDay)
        }
    }

    /// One campaign in each interval, anywhere in it; nil when none comes within the longest simulation.
    mutating func nextArrival(of kind: FraudKind) -> Int64? {
        let i = kind.rawValue
        let after = (arrivals[i].count + arrivals[i].random.uniform()) * arrivals[i].interval
        arrivals[i].count += 1
        guard after < Double(Int64(SimulationLimits.days.upperBound) * Nanoseconds.day) else { return nil }
        return startNanoseconds + Nanoseconds.wholeMilliseconds(Int64(after))
    }

    /// - Returns: The slot of the new campaign and the time of its first step.
    mutating func begin(_ kind: FraudKind, at time: Int64, in world: World) -> (slot: Int, firstStep: Int64) {
        begun += 1
        var random = RandomSource(seed: seed, stream: RandomStream.campaign(begun, round: round))
        let slot = freeSlots.popLast() ?? running.count
        if slot == running.count { running.append(nil) }
        var firstStep = time
        let campaign: Campaign
        switch kind {
        case .cardTesting: campaign = .cardTesting(CardTesting(in: world, &random))
        case .stolenCard: campaign = .stolenCard(StolenCard(at: time, in: world, &random))
        case .accountTakeover: campaign = .accountTakeover(AccountTakeover(at: time, in: world, &random))
        case .compromisedTerminal:
            let terminal = CompromisedTerminal(at: time, in: world, &random)
            if terminal.isSkimming { skimmers[terminal.terminal] = Int32(slot) }
            firstStep = terminal.firstStep
            campaign = .compromisedTerminal(terminal)
        case .merchantBustOut:
            let pool = world.merchants.count - world.firstBustOutMerchant
            let merchant = world.firstBustOutMerchant + bustOuts % pool
            bustOuts += 1
            campaign = .merchantBustOut(MerchantBustOut(merchant: merchant, at: time, in: world, &random))
        }
        running[slot] = Running(campaign: campaign, random: random)
        return (slot, firstStep)
    }

    mutating func step(
        slot: Int, at time: Int64, in world: World
    ) -> (payment: (PaymentFacts, SimulatedLabel)?, next: Int64?) {
        guard var current = running[slot] else { preconditionFailure("campaign \(slot) is over") }
        let step = Self.advance(&current, at: time, in: world)
        if case .compromisedTerminal(let terminal) = current.campaign, !terminal.isSkimming,
            skimmers[terminal.terminal] == Int32(slot)
        {
            skimmers[terminal.terminal] = -1
        }
        var payment: (PaymentFacts, SimulatedLabel)?
        if let facts = step.payment {
            payment = (facts, label(facts, step, current.campaign.kind, in: world, &current.random))
        }
        if step.next == nil {
            running[slot] = nil
            freeSlots.append(slot)
        } else {
            running[slot] = current
        }
        return (payment, step.next)
    }

    private static func advance(_ current: inout Running, at time: Int64, in world: World) -> CampaignStep {
        let step: CampaignStep
        switch current.campaign {
        case .cardTesting(var campaign):
            step = campaign.step(at: time, in: world, &current.random)
            current.campaign = .cardTesting(campaign)
        case .stolenCard(var campaign):
            step = campaign.step(at: time, in: world, &current.random)
            current.campaign = .stolenCard(campaign)
        case .compromisedTerminal(var campaign):
            step = campaign.step(at: time, in: world, &current.random)
            current.campaign = .compromisedTerminal(campaign)
        case .accountTakeover(var campaign):
            step = campaign.step(at: time, in: world, &current.random)
            current.campaign = .accountTakeover(campaign)
        case .merchantBustOut(var campaign):
            step = campaign.step(at: time, in: world, &current.random)
            current.campaign = .merchantBustOut(campaign)
        }
        return step
    }

    private func label(
        _ facts: PaymentFacts, _ step: CampaignStep, _ kind: FraudKind, in world: World, _ random: inout RandomSource
    ) -> SimulatedLabel {
        let brand = facts.card.issuer(in: world).brand
        guard step.isFraud else {
            return SimulatedLabel(
                truth: .legitimate,
                report: office.report(
                    onLegitimateAt: facts.time, brand: brand, isCardPresent: facts.isCardPresent, isOdd: facts.isOdd,
                    random: &random))
        }
        return SimulatedLabel(
            truth: .fraud(kind),
            report: office.report(
                onFraud: kind, at: facts.time, brand: brand, isCardPresent: facts.isCardPresent, random: &random))
    }

    /// An honest payment at a terminal: who skims it now has the card.
    mutating func cardWasUsed(_ facts: PaymentFacts, in world: World) {
        let terminal = Int(world.merchants[Int(facts.merchant)].firstTerminal) + Int(facts.terminal)
        let slot = Int(skimmers[terminal])
        guard slot >= 0, case .compromisedTerminal(var campaign)? = running[slot]?.campaign else { return }
        campaign.skim(facts.card)
        running[slot]?.campaign = .compromisedTerminal(campaign)
    }
}

#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/stage.hpp>
#include <backstay/pipeline/pipeline.hpp>

#include <asio/awaitable.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// One attempt of an erased pipeline's call; asked again for each repeat. It heeds
/// `call.deadline` and `call.stop`: `needs_guard` does not pass through the erasure.
template <class R>
class Operation {
public:
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    [[nodiscard]] virtual asio::awaitable<R> attempt(CallContext& call) = 0;

protected:
    ~Operation() = default;
};

/// Any pipeline, for calls with the outcome `R`: code that only runs calls need not know the stages, and the
/// driver is compiled where the pipeline was made. A cheap handle that shares the pipeline's state. Cost: one
/// virtual call for each call and one for each attempt; no allocation.
template <class R>
class AnyPipeline {
public:
    template <Policy... P>
    AnyPipeline(Pipeline<P...> pipeline) // NOLINT(google-explicit-constructor): any pipeline is one
        : model_(std::make_shared<Model<P...>>(std::move(pipeline))) {}

    /// Lifetime: runtime, settings and operation outlive the awaitable.
    [[nodiscard]] asio::awaitable<R> run(Runtime& runtime, const CallSettings& settings,
                                         Operation<R>& operation) const {
        return model_->run(runtime, settings, operation);
    }

    [[nodiscard]] std::string describe() const { return model_->describe(); }
    [[nodiscard]] std::vector<StageDescription> stages() const { return model_->describe_stages(); }
    /// Those of the policies that can be looked at, by the names of their stages or their own.
    [[nodiscard]] std::vector<PolicyHandle> policies() const { return model_->policies(); }

    /// Whether a policy of that kind stands in it.
    [[nodiscard]] bool has(Stage stage) const noexcept { return model_->stages.has(stage); }

private:
    struct Base {
        explicit Base(StageSet holds) noexcept : stages(holds) {}
        Base(const Base&) = delete;
        Base& operator=(const Base&) = delete;
        virtual ~Base() = default;
        virtual asio::awaitable<R> run(Runtime&, const CallSettings&, Operation<R>&) const = 0;
        virtual std::string describe() const = 0;
        virtual std::vector<StageDescription> describe_stages() const = 0;
        virtual std::vector<PolicyHandle> policies() const = 0;

        const StageSet stages;
    };

    template <class... P>
    static constexpr StageSet stages_of() noexcept {
        StageSet stages;
        (stages.add(P::stage), ...);
        return stages;
    }

    struct Attempt {
        Operation<R>* operation;
        asio::awaitable<R> operator()(CallContext& call) const { return operation->attempt(call); }
    };

    template <class... P>
    struct Model final : Base {
        explicit Model(Pipeline<P...> made) : Base(stages_of<P...>()), pipeline(std::move(made)) {}
        asio::awaitable<R> run(Runtime& runtime, const CallSettings& settings,
                               Operation<R>& operation) const override {
            return pipeline.begin(runtime, detail::RootOf{settings}, Attempt{&operation});
        }
        std::string describe() const override { return backstay::describe(pipeline); }
        std::vector<StageDescription> describe_stages() const override {
            const auto all = pipeline.stages();
            return {all.begin(), all.end()};
        }
        std::vector<PolicyHandle> policies() const override { return pipeline.policies(); }

        Pipeline<P...> pipeline;
    };

    std::shared_ptr<const Base> model_;
};

} // namespace backstay::inline BACKSTAY_ABI

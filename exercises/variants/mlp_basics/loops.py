"""Right answers in a plain style: a loop where one can be written, other names, another network, another optimizer."""

import numpy as np


def flatten_forward(self, feat):
    ### BEGIN SOLUTION flatten-forward
    output = np.stack([sample.flatten() for sample in feat])
    ### END SOLUTION
    return output


def flatten_backward(self, dprev, feat):
    ### BEGIN SOLUTION flatten-backward
    dfeat = np.zeros(feat.shape, dtype=dprev.dtype)
    for n in range(feat.shape[0]):
        dfeat[n] = dprev[n].reshape(feat.shape[1:])
    ### END SOLUTION
    return dfeat


def fc_forward(self, feat):
    ### BEGIN SOLUTION fc-forward
    # a loop over samples as well would be right, but training takes a few thousand of these passes
    output = np.tensordot(feat, self.params[self.w_name], axes=1)
    for k in range(self.output_dim):
        output[:, k] += self.params[self.b_name][k]
    ### END SOLUTION
    return output


def fc_backward(self, dprev, feat):
    ### BEGIN SOLUTION fc-backward
    db = np.zeros_like(self.params[self.b_name])
    for n in range(dprev.shape[0]):
        db = db + dprev[n]
    self.grads[self.b_name] = db
    self.grads[self.w_name] = np.tensordot(feat, dprev, axes=([0], [0]))
    dfeat = np.tensordot(dprev, self.params[self.w_name], axes=([1], [1]))
    ### END SOLUTION
    return dfeat


def leaky_relu_forward(self, feat):
    ### BEGIN SOLUTION leaky-relu-forward
    output = np.array(feat)
    negative = feat < 0
    output[negative] = self.negative_slope * feat[negative]
    ### END SOLUTION
    return output


def leaky_relu_backward(self, dprev, feat):
    ### BEGIN SOLUTION leaky-relu-backward
    dfeat = np.where(feat > 0, dprev, dprev * self.negative_slope)
    ### END SOLUTION
    return dfeat


def gelu_forward(self, feat):
    ### BEGIN SOLUTION gelu-forward
    inner = np.sqrt(2 / np.pi) * (feat + 0.044715 * feat * feat * feat)
    output = feat / (1 + np.exp(-2 * np.clip(inner, -40, 40)))
    ### END SOLUTION
    return output


def gelu_backward(self, dprev, feat):
    ### BEGIN SOLUTION gelu-backward
    inner = np.sqrt(2 / np.pi) * (feat + 0.044715 * feat * feat * feat)
    t = np.tanh(inner)
    dinner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * feat * feat)
    dfeat = dprev * (0.5 * (1 + t) + 0.5 * feat * (1 - t * t) * dinner)
    ### END SOLUTION
    return dfeat


def dropout_forward(self, feat, kept):
    ### BEGIN SOLUTION dropout-forward
    output = feat
    if self.is_training and self.keep_prob not in (0, 1):
        kept = self.rng.binomial(1, self.keep_prob, size=feat.shape)
        output = np.where(kept == 1, feat / self.keep_prob, 0)
    ### END SOLUTION
    return output


def dropout_backward(self, dprev):
    ### BEGIN SOLUTION dropout-backward
    dfeat = dprev
    if self.is_training and self.keep_prob not in (0, 1):
        dfeat = np.where(self.kept == 1, dprev / self.keep_prob, 0)
    ### END SOLUTION
    return dfeat


def softmax(feat):
    ### BEGIN SOLUTION softmax
    scores = np.zeros_like(feat)
    for n in range(len(feat)):
        powers = np.exp(feat[n] - max(feat[n]))
        scores[n] = powers / sum(powers)
    ### END SOLUTION
    return scores


def cross_entropy_forward(self, feat, label):
    ### BEGIN SOLUTION cross-entropy-forward
    logit = softmax(feat)
    loss = 0.0
    for n in range(len(label)):
        loss -= np.log(logit[n, label[n]])
    if self.size_average:
        loss = loss / len(label)
    ### END SOLUTION
    return loss, logit


def cross_entropy_backward(self, logit, label):
    ### BEGIN SOLUTION cross-entropy-backward
    dlogit = np.array(logit)
    for n in range(len(label)):
        dlogit[n, label[n]] -= 1
    if self.size_average:
        dlogit = dlogit / len(label)
    ### END SOLUTION
    return dlogit


def networks(self, keep_prob, seed, num_classes):
    ### BEGIN SOLUTION test-fc-leaky-relu
    self.net = sequential(flatten(name="a"), fc(3 * 5, 5, name="b"), leaky_relu(name="c"))
    ### END SOLUTION
    ### BEGIN SOLUTION test-fc-gelu
    self.net = sequential(flatten(name="a"), fc(3 * 5, 5, name="b"), gelu(name="c"))
    ### END SOLUTION
    ### BEGIN SOLUTION small-fc-net
    first = fc(4, 30, init_scale=0.02, name="first")
    last = fc(30, 7, init_scale=0.02, name="last")
    self.net = sequential(first, gelu(name="between"), last)
    ### END SOLUTION
    ### BEGIN SOLUTION tiny-net
    inputs, hidden = 32 * 32 * 3, 80
    layers = [flatten(name="flat"), fc(inputs, hidden, init_scale=(2 / inputs) ** 0.5, name="hidden")]
    layers += [
        leaky_relu(name="leaky"),
        fc(hidden, num_classes, init_scale=(2 / hidden) ** 0.5, name="scores"),
    ]
    self.net = sequential(*layers)
    ### END SOLUTION


def rules(self, layer):
    ### BEGIN SOLUTION sgd-update
    for name in layer.params:
        layer.params[name] = (1 - self.weight_decay) * layer.params[name] - self.lr * layer.grads[name]
    ### END SOLUTION
    ### BEGIN SOLUTION sgdm-update
    for name in layer.params:
        if name not in self.velocity:
            self.velocity[name] = np.zeros_like(layer.params[name])
        self.velocity[name] = self.momentum * self.velocity[name] - self.lr * layer.grads[name]
        layer.params[name] = layer.params[name] + self.velocity[name]
    ### END SOLUTION
    ### BEGIN SOLUTION rmsprop-update
    for name in layer.params:
        if name not in self.cache:
            self.cache[name] = np.zeros_like(layer.params[name])
        self.cache[name] = self.decay * self.cache[name] + (1 - self.decay) * layer.grads[name] ** 2
        layer.params[name] = layer.params[name] - self.lr * layer.grads[name] / (
            self.cache[name] ** 0.5 + self.eps
        )
    ### END SOLUTION
    ### BEGIN SOLUTION adam-update
    for name in layer.params:
        if name not in self.mt:
            self.mt[name] = np.zeros_like(layer.params[name])
            self.vt[name] = np.zeros_like(layer.params[name])
        g = layer.grads[name]
        self.mt[name] = self.beta1 * self.mt[name] + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt[name] + (1 - self.beta2) * g * g
        m = self.mt[name] / (1 - self.beta1**self.t)
        v = self.vt[name] / (1 - self.beta2**self.t)
        step = self.lr * m / (v**0.5 + self.eps) + self.weight_decay * layer.params[name]
        layer.params[name] = layer.params[name] - step
    ### END SOLUTION


def penalties(self, lam):
    ### BEGIN SOLUTION sequential-l1
    for name, index in self.paramName2Indices.items():
        grads, params = self.layers[index].grads, self.layers[index].params
        grads[name] = grads[name] + lam * ((params[name] > 0) * 1.0 - (params[name] < 0) * 1.0)
    ### END SOLUTION
    ### BEGIN SOLUTION sequential-l2
    for name, index in self.paramName2Indices.items():
        grads, params = self.layers[index].grads, self.layers[index].params
        grads[name] = grads[name] + lam * (params[name] + params[name])
    ### END SOLUTION


def training(model, loss_func, optimizer, data_batch, labels_batch, regularization, reg_lambda):
    ### BEGIN SOLUTION train-step
    loss = loss_func.forward(model.forward(data_batch, is_training=True), labels_batch)
    model.backward(loss_func.backward(), regularization, reg_lambda)
    optimizer.step()
    ### END SOLUTION
    ### BEGIN SOLUTION train-accuracy
    train_acc = compute_acc(model, data_train, labels_train, ACCURACY_SAMPLES, batch_size=500)
    val_acc = compute_acc(model, data_val, labels_val, batch_size=500)
    ### END SOLUTION
    ### BEGIN SOLUTION train-best
    if val_acc > best_val_acc:
        best_val_acc = val_acc
        opt_params = {}
        for layer in model.net.layers:
            for name in layer.params:
                opt_params[name] = np.array(layer.params[name])
    ### END SOLUTION


def in_the_notebook(model):
    ### BEGIN SOLUTION optimizer-rates
    rates["SGD"], rates["momentum"] = 0.2, 0.05
    rates["RMSProp"], rates["Adam"] = 5e-4, 5e-4
    ### END SOLUTION
    ### BEGIN SOLUTION l2-lambda
    lr, weight_decay = 0.01, 0.0001
    reg_lambda = weight_decay / lr / 2
    ### END SOLUTION
    ### BEGIN SOLUTION training-settings
    optimizer = SGDM(model.net, lr=2e-2, momentum=0.9)
    batch_size, epochs = 50, 20
    lr_decay, lr_decay_every = 0.93, 1

    ### END SOLUTION
    ### BEGIN SOLUTION activations
    def elu(x, alpha=0.5):
        return np.array([v if v > 0 else alpha * (np.exp(v) - 1) for v in x])

    curves = {
        "sigmoid": lambda x: np.exp(x) / (np.exp(x) + 1),
        "tanh": lambda x: 2 / (1 + np.exp(-2 * x)) - 1,
        "relu": lambda x: x * (x > 0),
        "leaky_relu": leaky_relu(negative_slope=0.1).forward,
        "elu": elu,
        "selu": lambda x: 1.0507 * elu(x, 1.6732),
        "gelu": gelu().forward,
    }
    ### END SOLUTION
    ### BEGIN SOLUTION activations-figure
    x = np.linspace(-3, 3, 121)
    for name, curve in curves.items():
        plt.plot(x, curve(x), label=name)
    plt.legend()
    plt.title("seven activation functions")
    plt.xlabel("input")
    plt.ylabel("output")


### END SOLUTION
